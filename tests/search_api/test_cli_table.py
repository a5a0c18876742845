"""Every command says what it does, by an example that can be typed as it stands."""

from __future__ import annotations

import importlib
import shlex

import pytest

from search_api.cli.command import Command
from search_api.cli.parser import parse
from search_api.cli.table import COMMANDS, GROUPS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_an_example_is_a_command_line_of_its_command(command: Command) -> None:
    words = shlex.split(command.example)
    assert words[0] == "vankho" and command.name in command.example
    assert parse(words[1:])[0] is command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_tells_what_a_command_does_and_what_each_argument_is(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*command.name.split(), "--help"])
    printed = capsys.readouterr().out
    assert ended.value.code == 0 and command.example in printed
    for argument in command.arguments:
        assert argument.help and (argument.flag if argument.flag.startswith("-") else argument.metavar) in printed


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_has_the_function_that_does_it(command: Command) -> None:
    module, _, function = command.target.partition(":")
    found = importlib.import_module(module)
    assert callable(getattr(found, function)) and function in found.__all__


def test_names_are_given_once_and_groups_are_explained() -> None:
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    assert set(GROUPS) == {name.split()[0] for name in names if " " in name}


@pytest.mark.parametrize("words", ["{} search đất", "search {} đất", "search đất {}"])
def test_what_every_command_may_be_told_stands_before_it_or_behind(words: str) -> None:
    _, arguments = parse(words.format("--home kho --key mine.key --json --lang vi").split())
    assert (arguments.home, arguments.key, arguments.json, arguments.lang) == ("kho", "mine.key", True, "vi")


def test_what_is_said_behind_a_command_leaves_what_was_said_before_it() -> None:
    _, arguments = parse(["--home", "kho", "--json", "search", "đất", "--lang", "en"])
    assert (arguments.home, arguments.key, arguments.json, arguments.lang) == ("kho", None, True, "en")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_no_argument_of_a_command_takes_the_name_of_what_all_have(command: Command) -> None:
    assert not {"home", "key", "json", "lang"} & {argument.flag.lstrip("-").replace("-", "_") for argument in command.arguments}
