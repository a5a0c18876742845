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
