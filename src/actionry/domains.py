"""Which hosts belong together: root domain, registrable domain, redirects and servers (CANON D-01…D-09).

Pure text: nothing is resolved. Hosts are taken in any spelling (case, final dot, port, brackets, IDN) and given back
in the one form that is compared and shown: lower-case ASCII, so that a look-alike reads `xn--…` (THREATS P-13).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import urljoin, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from actionry.errors import ManifestError

MANIFEST_PATH = "/.well-known/ai-plugin.json"

_PORT = re.compile(r":\d*$")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_IPV4_PART = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_HOST_PLACEHOLDER = re.compile(
    r"(?:https?://)?(?:\{\{?[^{}/]*\}?\}|\$\{?\w+\}?|<[^<>/]*>|PLUGIN_HOST(?:NAME)?)(?=[/:]|\Z)(?::\d+)?"
)
_JOINED_PLACEHOLDER = re.compile(r"://[^/]*/PLUGIN_HOST(?:NAME)?(?:[/:]|\Z)")
_INSIDE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "corp", "home", "localdomain")
"""Endings that no public name has (RFC 6761, 6762, 8375; ICANN's reserved `internal`; customary ones)."""


def ascii_host(host: str) -> str:
    """The form in which hosts are compared and shown; the port and a final dot are left out. A URL gives its host.

    `Bücher.Example.:8443` -> `xn--bcher-kva.example`, `[::1]:80` -> `::1`, `0x7f.1` -> `127.0.0.1`
    """
    text = host.strip()
    if scheme := _SCHEME.match(text):
        text = re.split(r"[/?#\\]", text[scheme.end() :], maxsplit=1)[0].rpartition("@")[2]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = _PORT.sub("", text)
    text = text.removesuffix(".").lower()
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii").lower().removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            return text  # no possible name: it equals nothing but itself
    address = host_address(text)
    return str(address) if address is not None else text


def host_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host stands for without a name server, in every spelling that browsers accept.

    `127.0.0.1`, `2130706433`, `0x7f.1`, `0177.0.0.1` -> 127.0.0.1. WHATWG URL, "IPv4 parser".
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_IPV4_PART.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_ipv4_number(part) for part in parts]
        *heads, tail = numbers
        if any(number > 255 for number in heads) or tail >= 256 ** (5 - len(numbers)):
            return None
        return ipaddress.IPv4Address(tail + sum(number << (24 - 8 * place) for place, number in enumerate(heads)))
    except ValueError:
        return None


def _ipv4_number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def is_international(host: str) -> bool:
    """Whether the name is written in other letters than a to z, openly or as `xn--…` (P-13)."""
    return any(not label.isascii() or label.lower().startswith("xn--") for label in host.split("."))


def is_local(host: str) -> bool:
    """`localhost`, names below it, and loopback addresses: this machine."""
    host = ascii_host(host)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = host_address(host)
    return address is not None and (address.is_loopback or _unwrapped(address).is_loopback)


def is_inside(host: str) -> bool:
    """Whether the host's text alone says that it is not public: this machine, a private address, an inner name.

    What a public name resolves to is checked where it is called, by the outbound client (D-16).
    """
    host = ascii_host(host)
    address = host_address(host)
    if address is not None:
        return not _unwrapped(address).is_global or address.is_multicast
    return "." not in host or any(host.endswith(f".{name}") for name in _INSIDE_NAMES)


def _unwrapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address inside `::ffff:127.0.0.1`, else the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def root_domain(host: str) -> str:
    """D-01: the manifest's host; a leading `www.` is stripped. `www.example.com:443` -> `example.com`."""
    host = ascii_host(host)
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def registrable_domain(host: str) -> str:
    """D-08: what one owner registered, by the public-suffix list; the host itself when there is no such part.

    `login.example.co.uk` -> `example.co.uk`; `a.github.io` -> `a.github.io`; `127.0.0.1` -> `localhost`
    """
    if is_local(host):
        return "localhost"
    host = ascii_host(host)
    if host_address(host) is not None:
        return host
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    # Reading the list takes some 40 ms, so it waits until somebody asks. The list's private part counts too:
    # `x.github.io` and `y.github.io` are different owners.
    return PublicSuffixList()


def same_site(host: str, other: str) -> bool:
    """Whether both hosts have one registrable domain (D-05…D-07)."""
    return bool(host) and bool(other) and registrable_domain(host) == registrable_domain(other)


VENDORS: dict[str, frozenset[str]] = {
    # The original's three exceptions from the one-root-domain rule (SV-07): their logins and APIs live apart.
    "Google": frozenset({"google.com", "googleapis.com", "youtube.com", "gmail.com", "withgoogle.com"}),
    "Microsoft": frozenset(
        {
            "microsoft.com",
            "microsoftonline.com",
            "microsoftonline.us",
            "live.com",
            "office.com",
            "office365.com",
            "outlook.com",
            "sharepoint.com",
            "windows.net",
            "azure.com",
            "dynamics.com",
            "powerbi.com",
            "onedrive.com",
            "visualstudio.com",
            "windowsazure.com",
            "chinacloudapi.cn",
            "partner.microsoftonline.cn",
        }
    ),
    "Adobe": frozenset(
        {"adobe.com", "adobe.io", "adobelogin.com", "adobeconnect.com", "adobesign.com", "echosign.com"}
    ),
}
"""Vendor -> domains that are its own."""


def is_owned_by(vendor: str, host: str) -> bool:
    """By suffix rather than by registrable domain: `googleapis.com` is itself on the public-suffix list."""
    return any(is_within(host, domain) for domain in VENDORS[vendor])


def same_owner(host: str, other: str) -> bool:
    """Whether both hosts have one registrable domain, or one of the vendors owns both (SV-07, E19)."""
    return same_site(host, other) or any(is_owned_by(name, host) and is_owned_by(name, other) for name in VENDORS)


def is_within(host: str, root: str) -> bool:
    """D-04: whether the host is the root domain or below it; nothing is below an address."""
    host, root = ascii_host(host), ascii_host(root)
    if not host or not root:
        return False
    return host == root or (host_address(root) is None and host.endswith(f".{root}"))


def check_redirect(from_host: str, to_host: str) -> str:
    """The root domain after one redirect of the manifest (D-02); the path may change.

    Allowed: the same host, a sub-domain of it, and as the sole exception `www.` to the bare name, so that `www.` to a
    neighbour is a sibling. Raises ManifestError (D-03) with the
    code MANIFEST-REDIRECT-PARENT, MANIFEST-REDIRECT-SIBLING or MANIFEST-REDIRECT-OTHER.

    `foo.example.com`, `bar.foo.example.com` -> `bar.foo.example.com`
    """
    asked, target = ascii_host(from_host), ascii_host(to_host)
    root = root_domain(asked)
    if is_within(target, asked) or target == root:
        return root_domain(target)
    if target and root.endswith(f".{target}") and host_address(root) is None:
        relation, code = "its parent domain", "MANIFEST-REDIRECT-PARENT"
    elif same_site(target, root):
        relation, code = "a sibling domain", "MANIFEST-REDIRECT-SIBLING"
    else:
        relation, code = "another domain", "MANIFEST-REDIRECT-OTHER"
    raise ManifestError(
        f"The manifest of {root} redirects to {relation}, {target or 'no host'}, which is not followed.",
        mend=f"Redirect to a sub-domain of {root}, or serve the manifest at {manifest_url(root)} itself.",
        code=code,
    )


def fill_host(text: str, base: str) -> str:
    """An address whose host is a placeholder, with the host of `base` in its place (contradiction 4); else as it is.

    `PLUGIN_HOSTNAME/openapi.yaml`, `https://todo.test/x` -> `https://todo.test/openapi.yaml`; so `$host/…`,
    `{{BASE}}/…`, `https://<host>:5003/…`, and `https://todo.test/PLUGIN_HOSTNAME/…`, which a relative one became.
    """
    parts = urlsplit(base)
    text = text.removeprefix(f"{parts.scheme}://{parts.netloc}/") if _JOINED_PLACEHOLDER.search(text) else text
    match = _HOST_PLACEHOLDER.match(text)
    return f"{parts.scheme}://{parts.netloc}{text[match.end() :]}" if match else text


def choose_server(server_urls: Iterable[str], root: str, document_host: str) -> str:
    """D-09: the first server on the root domain or below it; else the host that served the document.

    document_host: `api.example.com`, with its port where it has one, or the document's URL. Relative servers are
    resolved against it, and take its place where they are a placeholder. The answer is an absolute URL.
    """
    base = document_host if _SCHEME.match(document_host) else origin_for(document_host) + "/"
    for server_url in server_urls:
        try:
            url = urljoin(base, fill_host(server_url.strip(), base))
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and is_within(host, root):
            return url
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"


def origin_for(domain: str) -> str:
    """`example.com`, `http://example.com` -> `https://example.com`; http is for this machine only (D-11)."""
    text = domain.strip()
    match = _SCHEME.match(text)
    authority = re.split(r"[/?#\\]", text[match.end() :] if match else text.removeprefix("//"), maxsplit=1)[0]
    if "@" in authority or not ascii_host(authority):
        raise ManifestError(
            f"{domain[:200]!r} names no domain.", mend="Enter e.g. `example.com`.", code="MANIFEST-ADDRESS"
        )
    given = match.group()[:-3].lower() if match else None
    if given not in (None, "http", "https"):
        raise ManifestError(
            f"A manifest is fetched by https, not by {given}.",
            mend="Enter e.g. `example.com`.",
            code="MANIFEST-ADDRESS",
        )
    scheme = (given or "http") if is_local(authority) else "https"
    return f"{scheme}://{_shown_authority(authority)}"


def _shown_authority(authority: str) -> str:
    host = ascii_host(authority)
    port = _PORT.search(authority) if authority.startswith("[") or authority.count(":") == 1 else None
    return (f"[{host}]" if ":" in host else host) + (port.group() if port and len(port.group()) > 1 else "")


def manifest_url(domain: str) -> str:
    """Where a domain's manifest is (M-01): `example.com` -> `https://example.com/.well-known/ai-plugin.json`.

    This machine is asked by http (D-11): `localhost:5003` -> `http://localhost:5003/.well-known/ai-plugin.json`.
    Raises ManifestError when the text names no domain.
    """
    return origin_for(domain) + MANIFEST_PATH
