"""`init`: a new instance."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from search_api.cli.context import Context
from search_api.cli.doctor import State, default_recovery_path, examine
from search_api.household import found_instance
from storage.errors import ExitCode
from storage.servers import PARTS
from storage.settings import NetworkClass
from storage.vault.founding import Plan

__all__ = ["init"]


def init(context: Context, arguments: Namespace) -> ExitCode:
    """Make the instance, print where its keys lie, and what is left to harden."""
    home = context.home()
    plan = Plan(
        home,
        arguments.office or "central",
        NetworkClass(arguments.network_class or NetworkClass.INDEPENDENT_LAN),
        bool(arguments.test),
        Path(arguments.recovery_out).absolute() if arguments.recovery_out else default_recovery_path(home),
        {part: address for part in PARTS if (address := getattr(arguments, part) or os.environ.get(f"VANKHO_{part.upper()}"))},
    )
    settings = found_instance(plan)
    say = context.say
    result = {
        "instance": settings.instance,
        "office": settings.office,
        "network_class": settings.network_class.value,
        "home": str(home.root),
        "kek": str(home.kek(settings.instance)),
        "recovery": str(plan.recovery_out),
    }
    kek, recovery = result["kek"], result["recovery"]
    text = "\n".join(
        (
            say(f"Đã tạo kho {settings.instance} tại {home.root}.", f"Instance {settings.instance} made at {home.root}."),
            say(f"KEK (hãy sao lưu riêng, ngoài kho): {kek}", f"KEK (back it up apart from the home): {kek}"),
            say(f"Khóa khôi phục, chỉ ghi một lần, hãy cất vào két: {recovery}", f"Recovery identity, written once, take it to a safe: {recovery}"),
        )
    )
    context.show(dict(result), text)
    for finding in examine(context):
        if finding.state is not State.OK:
            context.note(f"{finding.check}: {finding.message}")
    return ExitCode.DONE
