"""/metrics, the alert rules and the Grafana dashboard of deploy/, with Prometheus' own tool."""

import json
import pathlib
import re
import subprocess

import yaml

import harness
from test_admin import get

PROMTOOL = "/usr/bin/promtool"
DEPLOY = harness.SOURCE_ROOT / "deploy"
# older than the rule that a name has the base unit
OLD_NAMES = ("vgw_playout_played_ms_total", "vgw_playout_dropped_ms_total")
NAME = re.compile(r"\b(?:vgw|process)_[a-z_]+\b")
FOR_GRAFANA = {"$__rate_interval": "5m", "$instance": ".*"}


def promtool(*arguments, text=""):
    return subprocess.run([PROMTOOL, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)


def expressions(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            for variable, value in FOR_GRAFANA.items():
                target["expr"] = target["expr"].replace(variable, value)
            yield panel["title"], target["expr"]


class Monitoring(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        self.assertTrue(pathlib.Path(PROMTOOL).exists(), "promtool is missing: install the package prometheus")

    def names(self, url):
        """Those that Prometheus stores."""
        names = set()
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", get(url + "metrics")[1], re.M):
            names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
        return names

    def test_the_page_during_a_call(self):
        gateway = self.start()
        call = harness.Call(gateway.url, "--duration", 60)
        harness.wait_for(lambda: gateway.metric('vgw_sessions{state="active"}') == 1, 60, "a call")
        result = promtool("check", "metrics", text=get(gateway.admin_url + "metrics")[1])
        call.hang_up()
        call.finish()
        complaints = [line for line in (result.stdout + result.stderr).splitlines()
                      if line and not line.startswith(OLD_NAMES)]
        self.assertEqual(complaints, [])
        self.assertIn(result.returncode, (0, 3))  # 3: of the old names

    def test_rules_and_dashboard_use_what_there_is(self):
        names = self.names(self.start().admin_url)
        self.assertIn("vgw_setup_seconds_bucket", names)
        result = promtool("check", "rules", DEPLOY / "alerts.yml")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

        rules_text = (DEPLOY / "alerts.yml").read_text()
        prose = re.compile(r"^ +(?:summary|description): .*$", re.M)
        stems = {name.removesuffix("_count") for name in names if name.endswith("_count")}
        self.assertEqual(set(NAME.findall("".join(prose.findall(rules_text)))) - names - stems, set())
        used = set(NAME.findall(prose.sub("", rules_text)))
        rules, shown = [], set()
        for title, expression in expressions(json.loads((DEPLOY / "grafana.json").read_text())):
            found = set(NAME.findall(expression))
            self.assertTrue(found, title)
            shown |= found
            rules.append({"record": "panel", "labels": {"panel": title}, "expr": expression})
        self.assertEqual((used | shown) - names, set())
        for group in yaml.safe_load(rules_text)["groups"]:
            for rule in group["rules"]:
                self.assertEqual(set(NAME.findall(rule["expr"])) - shown, set(), f"{rule['alert']} has no panel")
        self.assertIn("vgw_barge_in_seconds_bucket", shown)
        self.assertGreater(len(rules), 20)

        # promtool reads no dashboard: its expressions as rules, JSON being YAML
        path = self.directory / "panels.yml"
        for number, rule in enumerate(rules):
            rule["labels"]["number"] = str(number)
        path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
        result = promtool("check", "rules", path)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    harness.main()
