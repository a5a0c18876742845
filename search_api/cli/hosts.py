"""`host ...`: machines that work for the instance from elsewhere. Their keys are made here and stand in the joining file alone."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from search_api.cli.answers import rows, told
from search_api.cli.context import Context
from search_api.cli.files import target_at
from search_api.cli.session import connected
from search_api.client import segment
from storage.errors import ExitCode
from storage.gate.joining import Joining, address_of, new_keys, settings_for_hosts
from storage.servers import SHARED_PARTS
from storage.settings import read_settings

__all__ = ["host_add", "host_disable", "host_list"]


def host_add(context: Context, arguments: Namespace) -> ExitCode:
    """Have a machine certified, and write what it needs to join. Raises NotOnServers before anything is asked."""
    home, name, out = context.home(), str(arguments.name), Path(arguments.out)
    settings = read_settings(home)
    shared = settings_for_hosts(settings)
    address_of(arguments.gate)
    key, key_text, identity = new_keys()
    content = {"name": name, "public_key": key.public_key().public_bytes_raw().hex(), "recipient": identity.recipient().text()}
    with connected(context) as client, target_at(out) as file:
        added = client.json("POST", "hosts", content=content)
        trust = {part: home.authority(part).read_text("ascii") for part in SHARED_PARTS if home.authority(part).is_file()}
        certificate, authority = str(added["certificate"]), str(added["authority"])
        file.write(Joining(name, arguments.gate, authority, certificate, key_text, identity.text(), shared, trust).text.encode())
    vi = f"Đã thêm máy xử lý {name}. Tệp {out} chứa khóa của máy: hãy tự mang tới đó, chạy `vankho work --join`, rồi xóa bản ở đây."
    en = f"Added the worker host {name}. {out} holds its keys: carry it there yourself, run `vankho work --join`, and delete the copy here."
    context.show({"host": name, "valid_to": added["valid_to"]}, context.say(vi, en))
    return ExitCode.DONE


def host_list(context: Context, arguments: Namespace) -> ExitCode:
    """Each machine on a line."""
    with connected(context) as client:
        for host in rows(client.json("GET", "hosts"), "hosts"):
            shut = context.say("đã khóa", "shut out") if host["disabled_at"] else ""
            until, connections = told(host, "valid_to")[:10], context.say("kết nối", "connections")
            context.show(host, f"{told(host, 'host'):<33}{host['connections']} {connections}, {context.say('đến', 'until')} {until}  {shut}".rstrip())
    return ExitCode.DONE


def host_disable(context: Context, arguments: Namespace) -> ExitCode:
    """Shut a machine out, at once and for good."""
    with connected(context) as client:
        done = client.json("POST", f"hosts/{segment(arguments.name)}/disabling")
    vi = (
        f"Máy xử lý {arguments.name} đã bị khóa. Máy đó vẫn biết khóa chuyển tiếp và mật khẩu máy chủ dành cho tiến trình xử lý: "
        "hãy chặn máy đó ở tường lửa của các máy chủ."
    )
    en = (
        f"The worker host {arguments.name} is shut out. It still knows the transit key and the workers' passwords of the servers: "
        "keep it from them by their own firewalls."
    )
    context.show(done, context.say(vi, en))
    return ExitCode.DONE
