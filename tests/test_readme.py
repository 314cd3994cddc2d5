import json
import re
from pathlib import Path

from typer.main import get_command

from bot.cli import app
from learning.memory.privacy import ATTESTATION
from learning.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def settings_table() -> str:
    """The table of all settings, as README holds it."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = str(field.default).replace(str(Path.home()), "~") if str(field.default) else "—"
        rows.append(f"| `NIGHTSCHOOL_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    assert settings_table() in README


def test_every_command_is_shown() -> None:
    for name in get_command(app).commands:
        assert re.search(rf"\b{name}\b", README), name
    for command in json.loads((ROOT / "manifests" / "slack" / "socket.json").read_text())["features"]["slash_commands"]:
        assert f"`{command['command']}" in README


def test_every_link_and_file_exists() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert linked
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE)) <= targets


def test_the_attestation_is_shown_word_for_word() -> None:
    assert f"> {ATTESTATION}" in README
