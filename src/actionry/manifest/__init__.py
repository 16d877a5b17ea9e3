"""Plugin manifests (`ai-plugin.json`): read every one that exists, say what is wrong, write new ones."""

from actionry.domains import MANIFEST_PATH, check_redirect, choose_server, manifest_url, root_domain, same_site
from actionry.manifest.codes import CODES
from actionry.manifest.model import Api, Auth, DeclaredFunction, Manifest
from actionry.manifest.reading import read_manifest
from actionry.manifest.writing import write_manifest

__all__ = [
    "CODES",
    "MANIFEST_PATH",
    "Api",
    "Auth",
    "DeclaredFunction",
    "Manifest",
    "check_redirect",
    "choose_server",
    "manifest_url",
    "read_manifest",
    "root_domain",
    "same_site",
    "write_manifest",
]
