"""Calls shut_in while a second thread runs. Prints the refusal, and whether anything was shut all the same."""

import json
import threading
from pathlib import Path

from storage.walls.landlock import ThreadsExist, shut_in

done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
refusal = None
try:
    shut_in({}, connect_tcp=None, bind_tcp=None, scope=True)
except ThreadsExist as error:
    refusal = type(error).__name__
done.set()
thread.join()
print(json.dumps({"refusal": refusal, "shut": not list(Path("/etc").iterdir())}))
