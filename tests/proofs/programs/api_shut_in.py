"""Raises the walls of the api around itself, then tries what a taken-over api would. argv: the home, the KEK, and `shut` or `free`. Prints JSON."""

import json
import os
import sys
from errno import errorcode
from pathlib import Path

from search_api.serving import shut_in_api
from storage.home import Home
from storage.settings import read_settings

home, kek = Home(Path(sys.argv[1])), Path(sys.argv[2])
settings = read_settings(home)
if sys.argv[3] == "shut":
    shut_in_api(home, settings, 0)


def outcome(act):
    try:
        act()
    except OSError as error:
        return errorcode[error.errno]
    return "done"


def acts(path):
    if path.is_dir():
        return {
            "list": lambda: list(path.iterdir()),
            "make in": lambda: (path / "new").touch(),
        }
    return {
        "read": path.read_bytes,
        "append to": lambda: path.open("ab").close(),
        "truncate": lambda: os.truncate(path, path.stat().st_size),
        "link": lambda: (home.tmp / f"link-{path.name}").hardlink_to(path),
        "rename": lambda: path.rename(path.with_name(path.name)),
    }


places = [Path(line) for line in sys.stdin.read().splitlines()]
shut = {f"{verb} {path}": outcome(act) for path in places for verb, act in acts(path).items()}
own = {name: outcome(lambda name=name: list((home.root / name).iterdir())) for name in ("catalog", "store", "run")}
new = home.tmp / "own"
own |= {"write tmp": outcome(new.touch), "remove from tmp": outcome(new.unlink)}
print(json.dumps({"shut": shut, "own": own}))
