"""Settings for machines: environment variables or a `.env` file, read once, frozen. Only app.py and cli.py read them.

Business numbers (thresholds, limits, who confirms) are not here: they stand in the policy file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from intents.home import ADDED, LEARNED, WORDS
from retrieval.embed import SHIPPED
from retrieval.home import DOCUMENTS, PICTURES, VECTORS
from voice.profile import SHIPPED as SHIPPED_WHISPER

_ROOT = Path(__file__).parent.parent
SHORTEST_SECRET = 32
"""Characters of a secret from which keys are made."""


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and says what to do."""


class Settings(BaseSettings):
    """Every setting of the contract. Unset means the embedded default."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(Path("var"), validation_alias="PARLEY_HOME")
    database_url: str | None = Field(None, validation_alias="PARLEY_DATABASE_URL")
    redis_url: str | None = Field(None, validation_alias="PARLEY_REDIS_URL")
    policy: Path = Field(_ROOT / "actions" / "policy" / "policy.yaml", validation_alias="PARLEY_POLICY")
    dictionary: Path = Field(_ROOT / "intents" / "dictionary.yaml", validation_alias="PARLEY_DICTIONARY")
    sops: Path = Field(_ROOT / "retrieval" / "sops", validation_alias="PARLEY_SOPS")
    intent_model: Path = Field(_ROOT / "intents" / "model", validation_alias="PARLEY_INTENT_MODEL")
    embedding_model: str = Field(str(SHIPPED), validation_alias="PARLEY_EMBEDDING_MODEL")
    reranker_model: str | None = Field(None, validation_alias="PARLEY_RERANKER_MODEL")
    chroma_url: str | None = Field(None, validation_alias="PARLEY_CHROMA_URL")
    whisper_model: str = Field(str(SHIPPED_WHISPER), validation_alias="PARLEY_WHISPER_MODEL")
    llm_base_url: str | None = Field(None, validation_alias="PARLEY_LLM_BASE_URL")
    llm_model: str | None = Field(None, validation_alias="PARLEY_LLM_MODEL")
    llm_api_key: SecretStr | None = Field(None, validation_alias="PARLEY_LLM_API_KEY")
    api_token: SecretStr | None = Field(None, validation_alias="PARLEY_API_TOKEN")
    secret_key: SecretStr | None = Field(None, validation_alias="PARLEY_SECRET_KEY")

    slack_bot_token: SecretStr | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, validation_alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    slack_api_url: str | None = Field(None, validation_alias="SLACK_API_URL")

    wecom_corp_id: str | None = Field(None, validation_alias="WECOM_CORP_ID")
    wecom_agent_id: str | None = Field(None, validation_alias="WECOM_AGENT_ID")
    wecom_secret: SecretStr | None = Field(None, validation_alias="WECOM_SECRET")
    wecom_token: SecretStr | None = Field(None, validation_alias="WECOM_TOKEN")
    wecom_aes_key: SecretStr | None = Field(None, validation_alias="WECOM_AES_KEY")
    wecom_api_url: str | None = Field(None, validation_alias="WECOM_API_URL")

    wechat_app_id: str | None = Field(None, validation_alias="WECHAT_APP_ID")
    wechat_secret: SecretStr | None = Field(None, validation_alias="WECHAT_SECRET")
    wechat_token: SecretStr | None = Field(None, validation_alias="WECHAT_TOKEN")
    wechat_aes_key: SecretStr | None = Field(None, validation_alias="WECHAT_AES_KEY")
    wechat_api_url: str | None = Field(None, validation_alias="WECHAT_API_URL")

    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{(self.home / 'parley.sqlite').resolve()}"

    @property
    def added_intents(self) -> Path:
        """The folder of the intents that the house added."""
        return self.home / ADDED

    @property
    def house_words(self) -> Path:
        """The file in which the house says how it talks."""
        return self.home / WORDS

    @property
    def documents(self) -> Path:
        """The folder of the documents that were taken in beside those at PARLEY_SOPS."""
        return self.home / DOCUMENTS

    @property
    def pictures(self) -> Path:
        """The folder of what is shown within files at PARLEY_SOPS."""
        return self.home / PICTURES

    @property
    def emotion_model(self) -> Path:
        """The folder of a model of emotion to take instead of the shipped one, where it is there."""
        return self.home / "emotion-model"

    @property
    def vectors(self) -> Path:
        """The folder of the vectors of passages, where no Chroma server keeps them."""
        return self.home / VECTORS

    @property
    def learned(self) -> Path:
        """The folder of the corrections that somebody has looked through; the next training learns from them."""
        return self.home / LEARNED

    def given(self, names: Iterable[str]) -> dict[str, str | None]:
        """The values of these settings by their names, secrets in clear: for the part they belong to, never for a log."""
        values = {name: getattr(self, name.lower()) for name in names}
        return {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()}

    def is_set(self, channel: str, needed: Sequence[str], optional: Sequence[str]) -> bool:
        """Whether a channel is on. Half-set raises SettingsError naming what is missing."""
        given = self.given((*needed, *optional))
        missing = [name for name in needed if given[name] is None]
        if not missing:
            return True
        present = next((name for name, value in given.items() if value is not None), None)
        if present is not None:
            raise SettingsError(
                f"{channel}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, "
                f"although {present} is set. Set {'it' if len(missing) == 1 else 'them'}, or unset the others."
            )
        return False


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment. Raises SettingsError with one plain sentence per wrong setting."""
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Wrong settings. {wrong}.") from None
    if settings.wecom_aes_key is not None and len(settings.wecom_aes_key.get_secret_value()) != 43:
        raise SettingsError("WECOM_AES_KEY must be the 43 characters of EncodingAESKey in the app's callback settings.")
    if settings.wechat_aes_key is not None and len(settings.wechat_aes_key.get_secret_value()) != 43:
        raise SettingsError("WECHAT_AES_KEY must be the 43 characters of EncodingAESKey in the account's server settings.")
    if settings.secret_key is not None and len(settings.secret_key.get_secret_value()) < SHORTEST_SECRET:
        raise SettingsError(f"PARLEY_SECRET_KEY must have at least {SHORTEST_SECRET} characters.")
    if settings.database_url and not settings.database_url.startswith(
        ("sqlite:///", "postgresql://", "postgresql+psycopg://")
    ):
        raise SettingsError("PARLEY_DATABASE_URL must start with sqlite:/// or postgresql://.")
    if settings.redis_url and not settings.redis_url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("PARLEY_REDIS_URL must start with redis://, rediss:// or unix://.")
    if settings.chroma_url and not settings.chroma_url.startswith(("http://", "https://")):
        raise SettingsError("PARLEY_CHROMA_URL must start with http:// or https://.")
    if settings.llm_base_url and not settings.llm_base_url.startswith(("http://", "https://")):
        raise SettingsError("PARLEY_LLM_BASE_URL must start with http:// or https://.")
    if bool(settings.llm_base_url) != bool(settings.llm_model):
        raise SettingsError("PARLEY_LLM_BASE_URL and PARLEY_LLM_MODEL belong together. Set both, or unset both.")
    for name, path in (
        ("PARLEY_POLICY", settings.policy),
        ("PARLEY_DICTIONARY", settings.dictionary),
        ("PARLEY_SOPS", settings.sops),
        ("PARLEY_INTENT_MODEL", settings.intent_model),
    ):
        if not path.exists():
            raise SettingsError(f"{name} points to {path}, which does not exist.")
    return settings
