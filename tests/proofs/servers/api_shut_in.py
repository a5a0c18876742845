"""Raises the walls of the api around itself, then connects to ports of this machine. argv: the home, `shut` or `free`, ports. Prints JSON."""

import json
import socket
import sys
from errno import errorcode
from pathlib import Path

from search_api.serving import shut_in_api
from storage.home import Home
from storage.settings import read_settings

home = Home(Path(sys.argv[1]))
if sys.argv[2] == "shut":
    shut_in_api(home, read_settings(home), 0)


def outcome(port: int) -> str:
    with socket.socket() as client:
        status = client.connect_ex(("127.0.0.1", port))
    return errorcode[status] if status else "connected"


print(json.dumps([outcome(int(port)) for port in sys.argv[3:]]))
