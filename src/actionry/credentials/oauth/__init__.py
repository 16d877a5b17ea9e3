"""OAuth 2.0 as a client of many authorization servers: flows are generators of requests, driven by `flows.drive`.

settings.py       what the builder enters, a manifest or a document says
addresses.py      which URLs are refused, and which domains are worth a warning
authorization.py  to the provider and back: state, PKCE, callback
token.py          the token endpoint: code, refresh, client credentials, revocation;  answers.py: what it
answers keeper.py         one refresh at a time, renewal after a 401
discovery.py      RFC 8414 and OpenID Connect Discovery;  registration.py: RFC 7591
providers.py      known providers as data;  loopback.py: the callback of a terminal sign-in
"""

from actionry.credentials.flows import drive, drive_sync
from actionry.credentials.oauth.addresses import check_oauth_url, check_root_domain, open_command
from actionry.credentials.oauth.authorization import (
    Callback,
    Login,
    MemoryPendingLogins,
    PendingLogin,
    PendingLogins,
    begin_login,
    complete_login,
    finish_login,
    read_callback,
)
from actionry.credentials.oauth.discovery import ServerMetadata, discover_flow, settings_from_metadata
from actionry.credentials.oauth.keeper import (
    Connection,
    MemoryTokenStore,
    StoredToken,
    TokenKeeper,
    TokenStore,
    call_with_token,
    missing_scopes,
)
from actionry.credentials.oauth.providers import KNOWN_PROVIDERS, KnownProvider, find_provider
from actionry.credentials.oauth.registration import (
    ClientStore,
    MemoryClientStore,
    RegisteredClient,
    Registrar,
    register_flow,
)
from actionry.credentials.oauth.settings import OAuthSettings, settings_from_manifest, settings_from_scheme
from actionry.credentials.oauth.token import (
    client_credentials_flow,
    exchange_flow,
    refresh_flow,
    revoke_flow,
)

__all__ = [
    "KNOWN_PROVIDERS",
    "Callback",
    "ClientStore",
    "Connection",
    "KnownProvider",
    "Login",
    "MemoryClientStore",
    "MemoryPendingLogins",
    "MemoryTokenStore",
    "OAuthSettings",
    "PendingLogin",
    "PendingLogins",
    "RegisteredClient",
    "Registrar",
    "ServerMetadata",
    "StoredToken",
    "TokenKeeper",
    "TokenStore",
    "begin_login",
    "call_with_token",
    "check_oauth_url",
    "check_root_domain",
    "client_credentials_flow",
    "complete_login",
    "discover_flow",
    "drive",
    "drive_sync",
    "exchange_flow",
    "find_provider",
    "finish_login",
    "missing_scopes",
    "open_command",
    "read_callback",
    "refresh_flow",
    "register_flow",
    "revoke_flow",
    "settings_from_manifest",
    "settings_from_metadata",
    "settings_from_scheme",
]
