"""The environment variables that lead programs to a live server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.server.live_server import LiveServer

ANY_TOKEN = "ghdeploy-accepts-any-token"  # noqa: S105 - it grants access to nothing
"""The token to use while every token is accepted."""

_HERE = "127.0.0.1,localhost"


def of_server(server: LiveServer, fake: Fake) -> dict[str, str]:
    """Name the URLs of *server*, and a token of *fake*."""
    token = next((token.text for token in fake.tokens), ANY_TOKEN)
    env = {
        "GITHUB_API_URL": server.api_url,
        "GITHUB_SERVER_URL": server.url,
        "GITHUB_GRAPHQL_URL": f"{server.url}/api/graphql",
        "GITHUB_TOKEN": token,
        "GH_HOST": f"127.0.0.1:{server.port}",
        "GH_TOKEN": token,
        "GH_ENTERPRISE_TOKEN": token,
        "GITHUB_ENTERPRISE_TOKEN": token,
        "GH_NO_UPDATE_NOTIFIER": "1",
        "OCTOKIT_API_ENDPOINT": f"{server.api_url}/",
        "OCTOKIT_WEB_ENDPOINT": f"{server.url}/",
        "OCTOKIT_ACCESS_TOKEN": token,
        "GHDEPLOY_URL": server.url,
    }
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name)
        env[name] = f"{others},{_HERE}" if others else _HERE
    return env


def of_certificate(ca_file: str) -> dict[str, str]:
    """Name the file with the CA certificate, for all clients whose variable is known."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")
    return dict.fromkeys(names, ca_file)


def of_proxy(proxy_url: str, base_url: str) -> dict[str, str]:
    """Name the proxy, for all requests except those to this machine."""
    # gh sends its requests to the API of this site.
    site = urlsplit(base_url).netloc.removeprefix("api.")
    return {
        "GH_HOST": site,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), proxy_url),
        # Not the previous value as well, which may exempt GitHub.
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _HERE),
        "NODE_USE_ENV_PROXY": "1",
    }
