"""Every setting of Nightschool, read once by an entry point and then passed on."""

import re
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from `NIGHTSCHOOL_*` variables, then from a `.env` file in the current folder. Secrets hide their repr."""

    model_config = SettingsConfigDict(env_prefix="NIGHTSCHOOL_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True, allow_inf_nan=False)

    home: Path = Field(Path.home() / ".nightschool", description="data folder: database, adapters, the running set-up")
    cache: Path = Field(
        Path.home() / ".cache" / "nightschool",
        description="base model, sentence encoder, and what the base said for replay; what is missing is made anew",
    )
    base_model: str = Field("embedded", description="`embedded`, `tiny`, a folder, or a hub id")
    database_url: str = Field("", repr=False, description="empty: SQLite in the data folder")
    redis_url: str = Field("", repr=False, description="empty: an embedded Valkey, started by `nightschool up`")
    engine_url: str = Field("", description="of vLLM, or several separated by commas; empty: the engine of `nightschool up`, or one for a command's length")

    slack_bot_token: SecretStr = Field(SecretStr(""), validation_alias=AliasChoices("NIGHTSCHOOL_SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN"), description="xoxb-…")
    slack_app_token: SecretStr = Field(SecretStr(""), validation_alias=AliasChoices("NIGHTSCHOOL_SLACK_APP_TOKEN", "SLACK_APP_TOKEN"), description="xapp-…")
    slack_signing_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("NIGHTSCHOOL_SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET"),
        description="of `up --http`, instead of xapp-…",
    )
    token_key: SecretStr = Field(SecretStr(""), description="encrypts the tokens of further workspaces; empty: a key of its own in the data folder")
    slack_api_url: str = Field("https://slack.com/api/", pattern=r"^https?://", description="where the Web API is; the sandbox sets its own")

    http_port: int = Field(0, ge=0, le=65_535, description="where Slack's requests arrive, as with `up --http`; 0: Socket Mode")
    http_host: str = Field("127.0.0.1", description="address that `up --http` listens on, usually behind a proxy that speaks TLS")
    calls_per_minute: float = Field(45, gt=0, description="of Slack's history, when it is read; Tier 3 allows 50")

    night_hour: int = Field(2, ge=0, le=23, description="hour at which a channel's night begins, in the channel's time zone")
    morning_hour: int = Field(
        7, ge=0, le=23, description="hour from which no night begins any more: the rest is left to the next one, and the last one told of"
    )
    training_threads: int = Field(2, ge=1, description="CPU threads of training; part of what makes adapters reproducible")
    training_minutes: float = Field(
        60,
        gt=0,
        description="of a night and channel, by the pace of its last nights; lessons that do not fit are looked up instead, the least important first; a "
        "rebuild after `/forget` may learn as many as the adapter before it",
    )
    engine_threads: int = Field(2, ge=1, description="CPU threads of the engine")
    promote_at: float = Field(
        0.4, ge=0, le=1, description="least share of the exam that a channel's first adapter must answer, and of the general questions that any must"
    )
    tolerate_loss: float = Field(
        0.02,
        ge=0,
        le=1,
        description="share of the exam by which a new adapter may be worse than the serving one; by more, no more than chance explains",
    )
    lease_seconds: float = Field(30, gt=0, description="how long a silent worker keeps a question or a night")
    sweep_seconds: float = Field(10, gt=0, description="how often abandoned work is looked for")

    @field_validator("home", "cache", mode="before")
    @classmethod
    def _folder(cls, given: Any, info: ValidationInfo) -> Any:
        """A `.env` file knows no shell: `~` is the home folder there, too, and nothing is the default. Absolute, as the engine may run elsewhere."""
        return _expanded(given).absolute() if given else cls.model_fields[info.field_name or ""].default

    @field_validator("base_model", mode="before")
    @classmethod
    def _model(cls, given: Any) -> Any:
        return str(_expanded(given)) if str(given).startswith("~") else given

    @field_validator("*", mode="before")
    @classmethod
    def _unquoted(cls, given: Any) -> Any:
        """`docker run --env-file` hands the quotes of a `.env` file over. Last of all: validators run in reverse."""
        return given[1:-1] if isinstance(given, str) and len(given) > 1 and given[0] == given[-1] and given[0] in "'\"" else given

    def make_home(self) -> Path:
        """The data folder; a new one is for its owner alone, since it holds what private channels said."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.home

    @property
    def sqlalchemy_url(self) -> str:
        """The database to open; SQLite in the data folder unless one was named. PostgreSQL goes by several names, and is spoken to by psycopg."""
        named = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)
        return named or f"sqlite:///{self.home / 'nightschool.db'}"

    def as_environment(self) -> dict[str, str]:
        """The variables that give another process these settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        revealed = {name: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for name, v in values.items()}
        return {f"NIGHTSCHOOL_{name.upper()}": value for name, value in revealed.items()}

    @property
    def adapters(self) -> Path:
        """Folder that holds one folder per adapter."""
        return self.home / "adapters"


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody of that name
        raise ValueError("there is no such home folder") from None
