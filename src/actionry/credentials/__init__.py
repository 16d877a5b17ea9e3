"""Which credential a call gets, where it is attached, how it is obtained and kept: pure, nothing is sent or stored.

choice.py      which combination of security schemes is met, and with what (OR of AND)
placement.py   the header, query parameter or cookie that a credential becomes
attach.py      WHERE A CREDENTIAL IS ATTACHED, and the refusal to attach it anywhere else
schemes.py     the kinds of credential, the builder's form, the manifest's kinds
oauth/         sign-in, tokens, refresh, discovery, registration: generators of requests
vault.py       secrets at rest;  secret.py: a text that cannot be shown;  masking.py: what is shown in its place
"""

from actionry.credentials.attach import attach
from actionry.credentials.choice import Chosen, Credentials, choose, read_credentials
from actionry.credentials.masking import Masker, mask
from actionry.credentials.schemes import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    NoCredential,
    NotConnected,
    OAuthToken,
    ServiceHttp,
    UserHttp,
    basic_value,
    from_key_form,
)
from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault

__all__ = [
    "ApiKey",
    "Basic",
    "Bearer",
    "Chosen",
    "Credential",
    "Credentials",
    "Masker",
    "NoCredential",
    "NotConnected",
    "OAuthToken",
    "Secret",
    "ServiceHttp",
    "UserHttp",
    "Vault",
    "attach",
    "basic_value",
    "choose",
    "from_key_form",
    "mask",
    "read_credentials",
]
