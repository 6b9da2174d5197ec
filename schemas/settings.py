"""Where we run: environment variables, read once by an entry and handed on."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent
Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Every `COHORTFLOW_...` variable; paths that are not given lie under `home`."""

    model_config = SettingsConfigDict(env_prefix="COHORTFLOW_", frozen=True, extra="ignore", populate_by_name=True)

    home: Path = Field(default=CHECKOUT, description="inbox/, var/ and, unless said otherwise, the configuration")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite under var/")
    database_timeout: int = Field(default=30, ge=1, le=3600, description="seconds to wait for a locked database")
    program_dir: Path | None = None
    template_dir: Path | None = None
    mail: str = Field(
        default="", repr=False, description="outbox:DIR, smtp://..., smtps://... or sendgrid; empty means var/outbox"
    )
    mail_timeout: int = Field(default=30, ge=1, le=600, description="seconds a mail server may take to answer")
    sendgrid_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="SENDGRID_API_KEY")
    sendgrid_host: str = Field(default="https://api.sendgrid.com", validation_alias="SENDGRID_HOST")
    operator: str = Field(default="", description="who gets one mail a day that says the post works; nobody if empty")
    dkim_selectors: Names = Field(default=(), description="under which names the sender's DKIM keys lie")
    portal_url: str = Field(default="http://127.0.0.1:8080", description="where the links in mails lead to")
    sendgrid_webhook_key: str = Field(default="", description="SendGrid's public key; without it no event is believed")
    only_programs: Names = Field(default=(), description="ids; empty means every file of program_dir")
    only_cohorts: Names = Field(default=(), description="keys; empty means every cohort of a program")
    durable: bool = Field(default=True, description="fsync what is written; off only where nothing is at stake")
    ping_url: str = Field(default="", description="what a watcher outside is told by: URL/start, URL, URL/fail")
    alarm_block: str = Field(
        default="", description="whom alarms go to: TYPE/NAME of a Prefect block, or mail, to the operator's address"
    )
    alarm_silent_seconds: int = Field(default=540, ge=60, description="a run without a heartbeat for so long is dead")
    alarm_no_tick_seconds: int = Field(default=2700, ge=10, description="after so long without a tick that ended well")
    lease_seconds: int = Field(default=300, ge=1, le=86_400)

    @field_validator("dkim_selectors", "only_programs", "only_cohorts", mode="before")
    @classmethod
    def _as_names(cls, given: object) -> object:
        """A list as JSON, or simply with commas: shells take the quotes of JSON away."""
        if not isinstance(given, str):
            return given
        return [name for each in given.strip().strip("[]").split(",") if (name := each.strip().strip("\"'"))]

    @field_validator("portal_url")
    @classmethod
    def _as_address(cls, given: str) -> str:
        """Every link of every mail begins with it, so a wrong one is no small thing."""
        address = given.strip().rstrip("/")
        if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", address):
            raise ValueError("write a web address, such as https://mentoring.acme.example")
        return address

    @property
    def programs(self) -> Path:
        """The folder of program files."""
        return self.program_dir or self.home / "program_configs"

    @property
    def templates(self) -> Path:
        """The folder of mail templates."""
        return self.template_dir or CHECKOUT / "templates"

    @property
    def var(self) -> Path:
        """What the system itself keeps."""
        return self.home / "var"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.var / 'cohortflow.db'}"

    @property
    def outbox(self) -> Path:
        """The folder the embedded transport writes to."""
        named = self.mail.removeprefix("outbox:")
        return Path(named) if named else self.var / "outbox"
