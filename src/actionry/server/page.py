"""What stands at `/` until the page of its own is built: it exchanges the one-time link and names the API."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Actionry</title>
<link rel="stylesheet" href="/start.css">
<script src="/start.js" defer></script>
</head>
<body>
<main>
<h1>Actionry</h1>
<p id="state">The server is running. Its page comes with a later version; until then, use the HTTP API.</p>
<p><a href="/api/v1/openapi.json">OpenAPI document of the API</a></p>
</main>
</body>
</html>
"""

STYLE = """body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color-scheme: light dark; }
main { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
"""

SCRIPT = """'use strict';
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token) {
  history.replaceState(null, '', location.pathname);
  fetch('/api/v1/session/link', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }),
  }).then(async (answer) => {
    const said = await answer.json();
    document.getElementById('state').textContent = answer.ok
      ? `Signed in as ${said.user.name}. The page itself comes with a later version; use the HTTP API.`
      : said.detail;
  });
}
"""

FILES = (("/", PAGE, "text/html"), ("/start.css", STYLE, "text/css"), ("/start.js", SCRIPT, "text/javascript"))
