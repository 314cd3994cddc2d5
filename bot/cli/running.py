"""Running it: the set-up, the sandbox, the demo, and whether all is well."""

import functools
import signal
from pathlib import Path
from typing import Annotated

import typer

from bot import checks, show, supervisor
from bot.cli.options import JsonOption, console, open_here, settings_now, until_told
from bot.transport import PATH
from learning.model.base_model import export
from learning.model.base_model import prepare as prepare_base
from learning.model.client import BASE
from learning.school import open_school

MOST_PORTS = 65_535
app = typer.Typer()


@app.command()
def status(as_json: JsonOption = False) -> None:
    """What each channel knows and what is going on."""
    show.status(checks.channels_status(open_here()), as_json)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check model, database, broker, tokens and disk, and say what to do."""
    found = checks.all_checks(settings_now())
    show.checks(found, as_json)
    if not all(check.ok for check in found if check.needed):
        raise typer.Exit(1)


@app.command()
def prepare() -> None:
    """Fetch and convert the models, so that everything works offline afterwards."""
    school = open_here()
    console.print(f"The base model {school.base.name!r} is ready in {school.base.folder}.")


@app.command("export-base")
def export_base(folder: Annotated[Path, typer.Argument(help="A folder that is not there yet, or empty.")]) -> None:
    """Write the base model as a folder, for vLLM to serve beside all adapters, and say how."""
    settings = settings_now()
    base = prepare_base(settings.base_model, settings.cache, console.print)
    export(base, folder)
    console.print(f"The base model {base.name!r} is in {folder}. vLLM serves it, and takes adapters as they are trained:")
    console.print("  VLLM_ALLOW_RUNTIME_LORA_UPDATING=True python -m vllm.entrypoints.openai.api_server --host 127.0.0.1 --port 8000 \\")
    console.print(f"    --model {folder} --served-model-name {BASE} --max-model-len 2048 --enable-lora --max-loras 8 --max-lora-rank {base.shape.rank}")
    console.print(f"Then NIGHTSCHOOL_ENGINE_URL=http://127.0.0.1:8000 nightschool up; vLLM must see {settings.adapters} under the same path.")


@app.command()
def up(
    http: Annotated[bool, typer.Option("--http", help="Take Slack's requests over HTTP instead of Socket Mode.")] = False,
    port: Annotated[int, typer.Option(min=0, max=MOST_PORTS, show_default=False, help="Port of --http; else NIGHTSCHOOL_HTTP_PORT, else 3000.")] = 0,
) -> None:  # fmt: skip
    """Run bot, engine, workers, clock and an embedded Valkey until Ctrl-C."""
    settings = settings_now()
    if port and not http:
        raise typer.BadParameter("--port is that of --http: give both.")
    if http:
        settings = settings.model_copy(update={"http_port": port or settings.http_port or 3000})
    checks.assert_tokens(settings)
    checks.assert_welcome(settings)
    open_school(settings, console.print)
    over = until_told()
    with supervisor.up(settings, functools.partial(console.print, markup=False)) as set_up:  # a log may hold brackets
        set_up.ready(over)
        if settings.http_port:
            console.print(f"Slack's request URL leads to http://{settings.http_host}:{settings.http_port}{PATH}, through a proxy that speaks TLS.")
        console.print(f"Nightschool is up on {settings.home}. Ctrl-C stops it; logs are in {settings.home / 'logs'}.")
        while not over.wait(0.5):
            set_up.tend()
    console.print("Stopped.")


@app.command()
def sandbox(port: Annotated[int, typer.Option(min=0, max=MOST_PORTS, help="Port on localhost.")] = 4173) -> None:
    """Run a Slack workspace on localhost, with a page to chat in."""
    from bot.sandbox import server, workspace

    over = until_told()
    with server.running(port) as site:
        console.print(f"A workspace is open at {site}. Point a bot at it:")
        told = f"SLACK_BOT_TOKEN={workspace.BOT_TOKEN} SLACK_APP_TOKEN={workspace.APP_TOKEN}"
        apart = "NIGHTSCHOOL_DATABASE_URL= NIGHTSCHOOL_REDIS_URL= NIGHTSCHOOL_ENGINE_URL= NIGHTSCHOOL_HTTP_PORT=0"  # not what `.env` names
        console.print(f"  NIGHTSCHOOL_HOME={settings_now().home}-sandbox NIGHTSCHOOL_SLACK_API_URL={site}/api/ {told} {apart} nightschool up", soft_wrap=True)
        console.print(f"Over HTTP: SLACK_SIGNING_SECRET={workspace.SIGNING_SECRET} … nightschool up --http, then set the request URL:")
        console.print(f'  curl {site}/control/subscribe -d \'{{"url": "http://127.0.0.1:3000{PATH}"}}\'')
        over.wait()


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", envvar="NIGHTSCHOOL_DEMO_ONCE", help="Exit after the story.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save the chat as an SVG picture.")] = None,
    port: Annotated[int, typer.Option(min=0, max=MOST_PORTS, help="Port of the page to chat in.")] = 4173,
) -> None:
    """Play the whole story against the sandbox: ask, teach, sleep, ask again, forget; then stay up to chat with."""
    from bot import demo as story

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the story wherever it is
    if not story.play(settings_now(), once=once, picture=picture, port=port):
        raise typer.Exit(1)
