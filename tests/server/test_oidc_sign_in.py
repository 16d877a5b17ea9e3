"""Signing in with an OpenID Connect provider: what proves somebody, and everything that does not (THREATS O, H-09)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from actionry.models.scripted import Scripted, says
from actionry.server.models import FixedModels
from apps.server import App, Received, Reply, answer
from support.server import Person, RunningServer, serving
from support.server import Reply as Answered

KEY = RSAKey.generate_key(2048, parameters={"kid": "k1"})
OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "k1"})
Change = Callable[[dict[str, Any]], dict[str, Any]]


class Login(App):
    """A provider that signs whatever the test wants."""

    def __init__(self) -> None:
        super().__init__(
            {},
            {
                ("GET", "/.well-known/openid-configuration"): lambda _: answer(self.metadata),
                ("GET", "/jwks"): lambda _: answer({"keys": [KEY.as_dict(private=False)]}),
                ("POST", "/token"): self.token,
            },
        )
        self.nonce = ""
        self.change: Change = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "k1"}, claims, KEY
        )

    @property
    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks", "code_challenge_methods_supported": ["S256"],
        }  # fmt: skip

    def token(self, received: Received) -> Reply:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": "client-1", "sub": "ada-1", "exp": now + 60, "iat": now, "nonce": self.nonce,
            "email": "ada@people.test", "email_verified": True, "name": "Ada",
        }  # fmt: skip
        token = self.sign(self.change(claims))
        return answer({"access_token": "at-1", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def signing_in(tmp_path: Path) -> AsyncIterator[tuple[RunningServer, Login]]:
    async with Login() as login:
        environ = {"ACTIONRY_OIDC_ISSUER": login.url, "ACTIONRY_OIDC_CLIENT_ID": "client-1"}
        async with serving(
            tmp_path, models=FixedModels(Scripted(says("Hi."))), environ=environ, sign_up="open",
            allowed_networks=("127.0.0.1/32",), sign_ins_per_minute=10_000,
        ) as server:  # fmt: skip
            yield server, login


async def begins(server: RunningServer, login: Login) -> tuple[Person, dict[str, str]]:
    person = server.somebody()
    reply = await person.post("/api/v1/session/oidc")
    assert reply.status == 200, reply.text
    sent = {name: values[0] for name, values in parse_qs(urlsplit(reply.json["url"]).query).items()}
    login.nonce = sent["nonce"]
    return person, sent


async def comes_back(person: Person, state: str, **more: str) -> Answered:
    query = "&".join(f"{name}={value}" for name, value in {"code": "c-1", "state": state, **more}.items())
    return await person.get(f"/api/v1/session/oidc/callback?{query}")


async def test_who_comes_back_is_signed_in_and_known_next_time(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as (server, login):
        for _ in range(2):
            person, sent = await begins(server, login)
            assert sent["code_challenge_method"] == "S256"
            assert sent["redirect_uri"] == f"{server.url}/api/v1/session/oidc/callback"
            done = await comes_back(person, sent["state"])
            assert (done.status, done.headers.get("Location")) == (303, "/"), done.text
            account = (await person.get("/api/v1/account")).json
            assert (account["name"], account["email"]) == ("Ada", "ada@people.test")
        assert await server.services.accounts.count() == 1


@pytest.mark.row("O-04")
@pytest.mark.row("O-05")
@pytest.mark.row("O-09")
async def test_only_the_browser_that_began_finishes_and_once(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as (server, login):
        person, sent = await begins(server, login)
        assert (await comes_back(server.somebody(), sent["state"])).status == 400
        other, _ = await begins(server, login)
        assert (await comes_back(other, sent["state"])).status == 400
        for wrong in ("", "none"):
            assert (await comes_back(person, wrong)).status == 400
        person, sent = await begins(server, login)
        cookies = dict(person.cookies)
        assert (await comes_back(person, sent["state"], iss="https://evil.test")).status == 400
        person, sent = await begins(server, login)
        cookies = dict(person.cookies)
        assert (await comes_back(person, sent["state"])).status == 303
        person.cookies = cookies
        assert (await comes_back(person, sent["state"])).status == 400


WRONG_CLAIMS: dict[str, Change] = {
    "another audience": lambda claims: {**claims, "aud": "client-2"},
    "another issuer": lambda claims: {**claims, "iss": "https://evil.test"},
    "over": lambda claims: {**claims, "exp": int(time.time()) - 3600},
    "another nonce": lambda claims: {**claims, "nonce": "other"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "several audiences": lambda claims: {**claims, "aud": ["client-1", "client-2"]},
}


@pytest.mark.row("H-09")
@pytest.mark.parametrize("name", WRONG_CLAIMS)
async def test_a_wrong_claim_signs_nobody_in(tmp_path: Path, name: str) -> None:
    async with signing_in(tmp_path) as (server, login):
        login.change = WRONG_CLAIMS[name]
        person, sent = await begins(server, login)
        assert (await comes_back(person, sent["state"])).status == 400
        assert await server.services.accounts.count() == 0


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEY).rpartition(".")[0].replace("RS256", "none") + "."


def with_public_key(claims: dict[str, Any]) -> str:
    """The public key as if it were a shared secret."""
    secret = OctKey.import_key(KEY.as_pem(private=False))
    return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, algorithms=["HS256"])


def own_key(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, OTHER_KEY)


@pytest.mark.row("H-09")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sign", [unsigned, with_public_key, own_key, lambda claims: "nonsense"])
async def test_a_wrong_signature_signs_nobody_in(tmp_path: Path, sign: Callable[[dict[str, Any]], str]) -> None:
    async with signing_in(tmp_path) as (server, login):
        login.sign = sign
        person, sent = await begins(server, login)
        assert (await comes_back(person, sent["state"])).status == 400
        assert await server.services.accounts.count() == 0


async def test_an_address_alone_opens_no_account(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as (server, login):
        await server.person("ada")  # ada@people.test, with a password
        person, sent = await begins(server, login)
        assert (await comes_back(person, sent["state"])).status == 409
        assert (await person.get("/api/v1/account")).status == 401
