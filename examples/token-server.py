#!/usr/bin/python3
"""A web backend whose users may call a voice-gateway with access.mode = token: it creates a token for each call.

    umask 077; echo "web: $(openssl rand -hex 32)" > token-keys
    voice-gateway --set access.mode=token --set access.token-keys-file=token-keys --set access.origins=http://127.0.0.1:8000
    examples/token-server.py token-keys http://127.0.0.1:8080 8000          # then open http://127.0.0.1:8000/

Needs only the standard library. Replace is_logged_in () with your own login: anybody who gets a token may call.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import time
import urllib.parse

TTL_S = 60  # enough to start a call; a call in progress continues
MAX_DURATION_S = 600

PAGE = """<!DOCTYPE html>
<meta charset="utf-8"><title>Call</title>
<button id="call">Call</button> <output id="state"></output>
<script type="module">
import { VoiceGatewayCall } from '%(gateway)s/voice-gateway.js';

async function getToken () {
  const response = await fetch ('/token', { method: 'POST' });
  if (!response.ok)
    throw new Error (`no token: ${response.status}`);
  return response.text ();
}

document.querySelector ('#call').onclick = () => {
  const call = new VoiceGatewayCall ('%(signaling)s', { token: getToken });
  call.on ('state', ({ state }) => { document.querySelector ('#state').textContent = state; });
  call.connect ().catch ((error) => { document.querySelector ('#state').textContent = error.message; });
};
</script>
"""


def is_logged_in(request):
    """Your own session cookie belongs here. Returns the user's name, None for a stranger."""
    return "guest"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def make_token(key_id, secret, user):
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    claims = {"iss": key_id, "aud": "voice-gateway", "iat": now, "exp": now + TTL_S, "sub": user,
              "voice": {"max_duration_s": MAX_DURATION_S, "metadata": {"user": user}}}
    head = b".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return head + b"." + encode(hmac.new(secret.encode(), head, hashlib.sha256).digest())


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            self.send_error(404)
            return
        signaling = urllib.parse.urljoin(self.server.gateway.replace("http", "ws", 1), "/ws")
        self.reply("text/html", (PAGE % {"gateway": self.server.gateway, "signaling": signaling}).encode())

    def do_POST(self):
        user = is_logged_in(self)
        # a page of another site must not get one in its visitor's name
        is_own_page = self.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        if self.path != "/token" or user is None or not is_own_page:
            self.send_error(404 if self.path != "/token" else 403)
            return
        self.reply("text/plain", make_token(*self.server.key, user))

    def reply(self, content_type, body):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def main():
    keys_path, gateway, port = sys.argv[1], sys.argv[2].rstrip("/"), int(sys.argv[3])
    with open(keys_path, encoding="utf-8") as keys:
        lines = [line for line in keys if line.strip() and not line.startswith("#")]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.gateway, server.key = gateway, [part.strip() for part in lines[-1].split(":", 1)]  # the newest key
    print(f"ready http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
