"""The servers of the tests are made of pinned parts, which are told by name and sum, and never by address."""

import re
from pathlib import Path

GO_PROGRAMS = {"age": "filippo.io/age", "versitygw": "github.com/versity/versitygw"}
PLUGIN = Path("deploy/elasticsearch")


def artifacts(root: Path) -> dict[str, str]:
    """The version of each artifact that Maven brings, by its name; a line that is more or less than sum and coordinates fails."""
    lines = (root / PLUGIN / "artifacts.lock").read_text("ascii").splitlines()
    read = [re.fullmatch(r"[0-9a-f]{64}  [\w.-]+:([\w-]+):(\d+\.\d+\.\d+):(?:zip|jar)", line) for line in lines]
    assert None not in read
    return {found[1]: found[2] for found in read if found}


def properties(root: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (root / PLUGIN / "plugin-descriptor.properties").read_text("ascii").splitlines())


def test_nothing_that_installs_names_an_address(root: Path, files: list[Path]) -> None:
    installing = [file for file in files if file.parts[0] in ("deploy", ".ci", "Makefile") or file.suffix in (".lock", ".toml")]
    assert PLUGIN / "artifacts.lock" in installing
    assert [str(file) for file in installing if re.search(r"\w://(?!127\.0\.0\.1)\w", (root / file).read_text("utf-8"))] == []


def test_go_programs_are_pinned_with_all_that_they_are_built_from(root: Path) -> None:
    for folder, module in GO_PROGRAMS.items():
        needed = re.findall(r"^\t(\S+) (v\S+)", (root / "deploy" / folder / "go.mod").read_text("ascii"), re.M)
        summed = {tuple(line.split()[:2]) for line in (root / "deploy" / folder / "go.sum").read_text("ascii").splitlines()}
        assert module in dict(needed)
        assert [pair for pair in needed if pair not in summed] == []


def test_the_plugin_is_for_the_elasticsearch_that_is_fetched(root: Path) -> None:
    assert artifacts(root).keys() == {"elasticsearch", "ecj"}
    assert properties(root)["elasticsearch.version"] == artifacts(root)["elasticsearch"]


def test_the_plugin_is_the_class_that_is_compiled(root: Path) -> None:
    package, _, name = properties(root)["classname"].rpartition(".")
    source = (root / PLUGIN / f"{name}.java").read_text("ascii")
    assert f"\npublic class {name} extends Plugin " in source and source.startswith(f"package {package};\n")
