"""The real nginx with the recipe of examples/nginx.conf, changed only where it has to be for a test."""

import os
import pathlib
import socket
import subprocess

import harness

NGINX = "/usr/sbin/nginx"
RECIPE = harness.SOURCE_ROOT / "examples" / "nginx.conf"
AROUND = """daemon off;
pid nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
{recipe}
}}
"""


def change(text, old, new):
    assert text.count(old) == 1, f"the recipe has {old!r} {text.count(old)} times"
    return text.replace(old, new)


class Nginx:
    """Serves https on a port of its own, which it inherits as a socket, so that nobody can take it meanwhile."""

    def __init__(self, directory, gateway_url, certificate, key, drop=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        recipe = change(RECIPE.read_text(), "listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        recipe = change(recipe, "http://127.0.0.1:8080", gateway_url.rstrip("/"))
        recipe = change(recipe, "/etc/ssl/voice.example.com.pem", str(certificate))
        recipe = change(recipe, "/etc/ssl/voice.example.com.key", str(key))
        recipe = change(recipe, "server_name voice.example.com", "server_name localhost")
        if drop is not None:
            recipe = change(recipe, drop, "")
        self.home = pathlib.Path(directory)
        (self.home / "nginx.conf").write_text(AROUND.format(recipe=recipe))
        self.origin = f"https://localhost:{self.port}"
        self.log = open(self.home / "nginx.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [NGINX, "-p", self.home, "-c", self.home / "nginx.conf"], stderr=self.log, stdin=subprocess.DEVNULL,
            pass_fds=[self.listener.fileno()], env={**os.environ, "NGINX": f"{self.listener.fileno()};"})
        self.listener.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        return text
