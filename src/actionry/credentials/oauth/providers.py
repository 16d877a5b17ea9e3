"""Known providers as data, to fill in the OAuth form (SV-08). Nothing here is needed for a provider to work.

Addresses are those of the providers' own documentation; a builder can change every field.
"""
# ruff: noqa: S105, S106  (token URLs and names of methods look like passwords to the linter)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from actionry.credentials.oauth.settings import OAuthSettings, TokenContentType, TokenExchange
from actionry.credentials.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProvider:
    key: str
    name: str
    authorize_url: str
    token_url: str
    api_domains: tuple[str, ...]
    """Registrable domains of the APIs that its tokens are for."""
    scope_separator: str = " "
    pkce: bool = True
    token_exchange: TokenExchange = "default_post"
    token_content_type: TokenContentType = "form"
    issuer: str | None = None
    revocation_url: str | None = None
    extra_authorize: Mapping[str, str] = field(default_factory=dict)
    refresh_scope: str = ""
    """A scope without which there is no refresh token."""

    def settings(
        self, *, client_id: str, client_secret: Secret | None = None, scopes: Iterable[str] = ()
    ) -> OAuthSettings:
        """Settings with this provider's ways; the scope that yields a refresh token is added."""
        wanted = list(scopes)
        if self.refresh_scope and self.refresh_scope not in wanted:
            wanted.append(self.refresh_scope)
        return OAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            authorize_url=self.authorize_url,
            token_url=self.token_url,
            scope=self.scope_separator.join(wanted),
            token_exchange=self.token_exchange,
            token_content_type=self.token_content_type,
            pkce=self.pkce,
            issuer=self.issuer,
            revocation_url=self.revocation_url,
            extra_authorize=self.extra_authorize,
        )


KNOWN_PROVIDERS: tuple[KnownProvider, ...] = (
    KnownProvider(
        key="google",
        name="Google",
        issuer="https://accounts.google.com",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",
        revocation_url="https://oauth2.googleapis.com/revoke",
        # Without both, Google gives a refresh token at the first consent only.
        extra_authorize={"access_type": "offline", "prompt": "consent"},
        api_domains=("googleapis.com", "google.com"),
    ),
    KnownProvider(
        # No issuer: that of `common` differs with the user's tenant.
        key="microsoft",
        name="Microsoft",
        refresh_scope="offline_access",
        authorize_url="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",
        api_domains=("microsoft.com", "office.com", "sharepoint.com", "azure.com", "dynamics.com"),
    ),
    KnownProvider(
        key="github",
        name="GitHub",
        authorize_url="https://github.com/login/oauth/authorize",
        token_url="https://github.com/login/oauth/access_token",
        api_domains=("github.com",),
    ),
    KnownProvider(
        key="gitlab",
        name="GitLab",
        issuer="https://gitlab.com",
        authorize_url="https://gitlab.com/oauth/authorize",
        token_url="https://gitlab.com/oauth/token",
        revocation_url="https://gitlab.com/oauth/revoke",
        api_domains=("gitlab.com",),
    ),
    KnownProvider(
        key="slack",
        name="Slack",
        authorize_url="https://slack.com/oauth/v2/authorize",
        scope_separator=",",
        token_url="https://slack.com/api/oauth.v2.access",
        api_domains=("slack.com",),
    ),
    KnownProvider(
        key="notion",
        name="Notion",
        authorize_url="https://api.notion.com/v1/oauth/authorize",
        token_url="https://api.notion.com/v1/oauth/token",
        token_exchange="basic_auth_header",
        token_content_type="json",
        extra_authorize={"owner": "user"},
        api_domains=("notion.com",),
    ),
    KnownProvider(
        key="spotify",
        name="Spotify",
        authorize_url="https://accounts.spotify.com/authorize",
        token_url="https://accounts.spotify.com/api/token",
        token_exchange="basic_auth_header",
        api_domains=("spotify.com",),
    ),
    KnownProvider(
        key="dropbox",
        name="Dropbox",
        authorize_url="https://www.dropbox.com/oauth2/authorize",
        token_url="https://api.dropboxapi.com/oauth2/token",
        extra_authorize={"token_access_type": "offline"},
        api_domains=("dropboxapi.com",),
    ),
    KnownProvider(
        key="atlassian",
        name="Atlassian",
        authorize_url="https://auth.atlassian.com/authorize",
        token_url="https://auth.atlassian.com/oauth/token",
        refresh_scope="offline_access",
        extra_authorize={"audience": "api.atlassian.com", "prompt": "consent"},
        api_domains=("atlassian.com",),
    ),
    KnownProvider(
        key="hubspot",
        name="HubSpot",
        authorize_url="https://app.hubspot.com/oauth/authorize",
        token_url="https://api.hubapi.com/oauth/v3/token",
        api_domains=("hubapi.com",),
    ),
    KnownProvider(
        key="zoom",
        name="Zoom",
        authorize_url="https://zoom.us/oauth/authorize",
        token_url="https://zoom.us/oauth/token",
        revocation_url="https://zoom.us/oauth/revoke",
        token_exchange="basic_auth_header",
        api_domains=("zoom.us",),
    ),
    KnownProvider(
        key="discord",
        name="Discord",
        authorize_url="https://discord.com/oauth2/authorize",
        token_url="https://discord.com/api/oauth2/token",
        revocation_url="https://discord.com/api/oauth2/token/revoke",
        api_domains=("discord.com",),
    ),
    KnownProvider(
        key="salesforce",
        name="Salesforce",
        issuer="https://login.salesforce.com",
        refresh_scope="refresh_token",
        authorize_url="https://login.salesforce.com/services/oauth2/authorize",
        token_url="https://login.salesforce.com/services/oauth2/token",
        revocation_url="https://login.salesforce.com/services/oauth2/revoke",
        api_domains=("salesforce.com", "force.com"),
    ),
    KnownProvider(
        key="linear",
        name="Linear",
        authorize_url="https://linear.app/oauth/authorize",
        scope_separator=",",
        token_url="https://api.linear.app/oauth/token",
        revocation_url="https://api.linear.app/oauth/revoke",
        api_domains=("linear.app",),
    ),
    KnownProvider(
        key="asana",
        name="Asana",
        authorize_url="https://app.asana.com/-/oauth_authorize",
        token_url="https://app.asana.com/-/oauth_token",
        api_domains=("asana.com",),
    ),
    KnownProvider(
        key="airtable",
        name="Airtable",
        authorize_url="https://airtable.com/oauth2/v1/authorize",
        token_url="https://airtable.com/oauth2/v1/token",
        token_exchange="basic_auth_header",
        api_domains=("airtable.com",),
    ),
    KnownProvider(
        key="figma",
        name="Figma",
        authorize_url="https://www.figma.com/oauth",
        scope_separator=",",
        token_url="https://api.figma.com/v1/oauth/token",
        token_exchange="basic_auth_header",
        api_domains=("figma.com",),
    ),
    KnownProvider(
        key="x",
        name="X",
        authorize_url="https://x.com/i/oauth2/authorize",
        token_url="https://api.x.com/2/oauth2/token",
        revocation_url="https://api.x.com/2/oauth2/revoke",
        token_exchange="basic_auth_header",
        refresh_scope="offline.access",
        api_domains=("x.com", "twitter.com"),
    ),
    KnownProvider(
        # PKCE is for native clients only, and by arrangement.
        key="linkedin",
        name="LinkedIn",
        authorize_url="https://www.linkedin.com/oauth/v2/authorization",
        token_url="https://www.linkedin.com/oauth/v2/accessToken",
        pkce=False,
        api_domains=("linkedin.com",),
    ),
    KnownProvider(
        key="reddit",
        name="Reddit",
        authorize_url="https://www.reddit.com/api/v1/authorize",
        token_url="https://www.reddit.com/api/v1/access_token",
        token_exchange="basic_auth_header",
        extra_authorize={"duration": "permanent"},
        api_domains=("reddit.com",),
    ),
    KnownProvider(
        key="twitch",
        name="Twitch",
        issuer="https://id.twitch.tv/oauth2",
        authorize_url="https://id.twitch.tv/oauth2/authorize",
        token_url="https://id.twitch.tv/oauth2/token",
        revocation_url="https://id.twitch.tv/oauth2/revoke",
        api_domains=("twitch.tv",),
    ),
    KnownProvider(
        key="strava",
        name="Strava",
        authorize_url="https://www.strava.com/oauth/authorize",
        scope_separator=",",
        token_url="https://www.strava.com/oauth/token",
        api_domains=("strava.com",),
    ),
    KnownProvider(
        key="box",
        name="Box",
        authorize_url="https://account.box.com/api/oauth2/authorize",
        token_url="https://api.box.com/oauth2/token",
        revocation_url="https://api.box.com/oauth2/revoke",
        api_domains=("box.com",),
    ),
    KnownProvider(
        key="todoist",
        name="Todoist",
        authorize_url="https://todoist.com/oauth/authorize",
        scope_separator=",",
        token_url="https://todoist.com/oauth/access_token",
        api_domains=("todoist.com",),
    ),
    KnownProvider(
        key="xero",
        name="Xero",
        issuer="https://identity.xero.com",
        refresh_scope="offline_access",
        authorize_url="https://login.xero.com/identity/connect/authorize",
        token_url="https://identity.xero.com/connect/token",
        api_domains=("xero.com",),
    ),
    KnownProvider(
        key="adobe",
        name="Adobe",
        authorize_url="https://ims-na1.adobelogin.com/ims/authorize/v2",
        token_url="https://ims-na1.adobelogin.com/ims/token/v3",
        refresh_scope="offline_access",
        scope_separator=",",
        api_domains=("adobe.io", "adobe.com"),
    ),
)


def find_provider(text: str) -> KnownProvider | None:
    """The provider by key, name, or any URL of its login or API; None when we do not know it.

    find_provider("https://api.github.com/user") -> GitHub; a look-alike such as `github.com.evil.test` -> None
    """
    wanted = text.strip().lower()
    host = (urlsplit(wanted if "://" in wanted else f"//{wanted}").hostname or "").rstrip(".")
    for provider in KNOWN_PROVIDERS:
        if wanted in (provider.key, provider.name.lower()):
            return provider
        hosts = {urlsplit(provider.authorize_url).hostname, urlsplit(provider.token_url).hostname}
        if host in hosts or any(host == domain or host.endswith(f".{domain}") for domain in provider.api_domains):
            return provider
    return None
