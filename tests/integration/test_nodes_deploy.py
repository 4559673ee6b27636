"""deploy/compose.yaml and deploy/kubernetes.yaml: the gateway accepts their settings, and what they name is there."""

import configparser
import re
import subprocess

import yaml

import harness
import whip

DEPLOY = harness.SOURCE_ROOT / "deploy"
OWN_ADDRESS = "192.0.2.7"
PODMAN_PIDS_LIMIT = 2048  # of a container, unless the command says otherwise


def check_configuration(test, variables, text=""):
    """Runs --check-config with these variables and this file; returns the values that are in force, as {group: {key: value}}."""
    path = test.directory / "voice-gateway.conf"
    path.write_text(text)
    environment = harness.environment()
    environment.update(variables)
    for option in ("--check-config", "--print-config"):
        result = subprocess.run([harness.GATEWAY, "--config", path, option], capture_output=True, text=True, env=environment,
                                timeout=60, check=False)
        test.assertEqual(result.returncode, 0, result.stdout + result.stderr)
    values = configparser.RawConfigParser(strict=False)
    values.read_string(result.stdout)
    return values


class Compose(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        text = (DEPLOY / "compose.yaml").read_text()
        given = {"PUBLIC_ADDRESS": "203.0.113.7", "NODE_KEY": "0123456789abcdef" * 4, "CERTIFICATE": "/certificate.pem"}
        self.used = set(re.findall(r"\$\{(\w+)", text))
        self.assertEqual(self.used, set(given))
        self.file = yaml.safe_load(re.sub(r"\$\{(\w+)[^}]*\}", lambda match: given[match.group(1)], text))
        self.services = self.file["services"]

    def test_the_gateways(self):
        addresses = {name: service["networks"]["default"]["ipv4_address"] for name, service in self.services.items()
                     if "networks" in service}
        self.assertEqual(len(set(addresses.values())), 3)
        names, ports = set(), set()
        for service in ("gateway-a", "gateway-b"):
            settings = self.services[service]["environment"]
            values = check_configuration(self, {name: str(value) for name, value in settings.items()})
            names.add(values["node"]["name"])
            published, inside = re.fullmatch(r"(\d+):(\d+)/udp", self.services[service]["ports"][0]).groups()
            ports.add(published)
            self.assertEqual(inside, values["ice"]["udp-port"])
            self.assertEqual(values["ice"]["advertise"], f"203.0.113.7:{published}")
            self.assertEqual(values["node"]["url"], f"http://{addresses[service]}:{values['http']['port']}")
            self.assertEqual(values["http"]["trusted-proxies"], addresses["haproxy"])
            self.assertIn("redis", values["manager"]["types"])
            self.assertEqual(values["manager"]["redis-url"], "redis://redis:6379")
            self.assertLessEqual(10 * int(values["limits"]["max-sessions"]) + 48, PODMAN_PIDS_LIMIT)
            grace_s = re.fullmatch(r"(\d+)s", self.services[service]["stop_grace_period"]).group(1)
            self.assertLess(int(values["shutdown"]["drain-timeout-s"]), int(grace_s))
            for needed in self.services[service]["depends_on"]:
                self.assertIn(needed, self.services)
        self.assertEqual((len(names), len(ports)), (2, 2))

    def test_haproxy(self):
        service = self.services["haproxy"]
        recipe = (DEPLOY / "haproxy-nodes.cfg").read_text()
        self.assertEqual(set(re.findall(r"\$\{(\w+)", recipe)), set(service["environment"]))
        self.assertEqual(service["environment"]["LOG_TO"], "stdout")  # there is no /dev/log in a container
        for name, gateway in (("NODE_A", "gateway-a"), ("NODE_B", "gateway-b")):
            self.assertEqual(f"http://{service['environment'][name]}", self.services[gateway]["environment"]["VGW_NODE_URL"])
        sources = [volume.split(":")[0] for volume in service["volumes"]]
        self.assertEqual(sources, ["./haproxy-nodes.cfg", "/certificate.pem"])
        self.assertIn(service["volumes"][1].split(":")[1], recipe)
        self.assertEqual(service["ports"], [f"{port}:{port}" for port in re.findall(r"bind :::(\d+)", recipe)])
        gateway = self.start()
        for path in re.findall(r"http-check send meth GET uri (\S+)", recipe):
            self.assertIn(whip.request(gateway, "GET", path).body, ("ok\n", "late\n"))


class Kubernetes(harness.GatewayTest):
    def setUp(self):
        super().setUp()
        documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
        self.objects = {(document["kind"], document["metadata"]["name"]): document for document in documents}
        self.assertEqual(len(self.objects), len(documents))
        self.pods = [document["spec"]["template"] for document in documents if document["kind"] in ("StatefulSet", "Deployment")]
        self.pod = self.objects["StatefulSet", "voice-gateway"]["spec"]["template"]
        self.container = self.pod["spec"]["containers"][0]

    def test_all_is_in_one_namespace(self):
        for (kind, name), document in self.objects.items():
            if kind != "Namespace":
                self.assertIn(("Namespace", document["metadata"]["namespace"]), self.objects, name)

    def variable(self, entry):
        if "value" in entry:
            return entry["value"].replace("$(POD_IP)", OWN_ADDRESS)
        return {"status.podIP": OWN_ADDRESS, "metadata.name": "voice-gateway-0"}[entry["valueFrom"]["fieldRef"]["fieldPath"]]

    def write_keys(self, volume, directory, text):
        """Writes the Secret's files, with the mode that the kubelet gives them; returns the configuration with their paths."""
        self.assertEqual(volume["defaultMode"] & 0o777, 0o440)
        for name, keys in self.objects["Secret", volume["secretName"]]["stringData"].items():
            self.assertIn(f"keys-file = {directory}/{name}\n", text)
            path = self.directory / name
            path.write_text(keys)
            path.chmod(volume["defaultMode"])
        return text.replace(f"{directory}/", f"{self.directory}/")

    def test_the_gateway(self):
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        self.assertEqual(set(mounts), set(volumes))
        data = self.objects["ConfigMap", volumes["configuration"]["configMap"]["name"]]["data"]
        self.assertEqual(self.container["args"], ["--config", f"{mounts['configuration']}/{next(iter(data))}"])
        variables = {entry["name"]: self.variable(entry) for entry in self.container["env"]}
        self.assertEqual(list(variables).index("POD_IP"), 0)  # variables refer to those before
        del variables["POD_IP"]
        text = self.write_keys(volumes["keys"]["secret"], mounts["keys"], next(iter(data.values())))
        values = check_configuration(self, variables, text)
        ports = {port["name"]: port for port in self.container["ports"]}
        self.assertEqual(str(ports["http"]["containerPort"]), values["http"]["port"])
        self.assertEqual(str(ports["media"]["containerPort"]), values["ice"]["udp-port"])
        self.assertEqual(ports["media"]["protocol"], "UDP")
        self.assertEqual(values["node"]["url"], f"http://{OWN_ADDRESS}:{values['http']['port']}")
        pause_s = int(self.container["lifecycle"]["preStop"]["exec"]["command"][1])
        self.assertGreater(self.pod["spec"]["terminationGracePeriodSeconds"],
                           pause_s + int(values["shutdown"]["drain-timeout-s"]))
        host, port = re.fullmatch(r"redis://(\w+):(\d+)", values["manager"]["redis-url"]).groups()
        self.assertIn(int(port), [entry["port"] for entry in self.objects["Service", host]["spec"]["ports"]])
        gateway = self.start()
        for probe in ("readinessProbe", "livenessProbe"):
            self.assertIn(self.container[probe]["httpGet"]["port"], ports)
            self.assertIn(whip.request(gateway, "GET", self.container[probe]["httpGet"]["path"]).body, ("ok\n", "late\n"))
        self.assertEqual(self.container["readinessProbe"]["httpGet"]["path"], "/readyz")

    def test_the_users_are_numbers(self):
        """The kubelet refuses runAsNonRoot where it has only a name: it does not read the image's /etc/passwd."""
        user, group = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE).groups()
        self.assertTrue(self.container["securityContext"]["runAsNonRoot"])
        self.assertNotEqual(int(user), 0)
        self.assertEqual(self.pod["spec"]["securityContext"]["fsGroup"], int(group))

    def test_what_refers_to_pods_finds_them(self):
        labels = [pod["metadata"]["labels"] for pod in self.pods]
        port_names = {port["name"] for pod in self.pods for container in pod["spec"]["containers"] for port in container["ports"]}
        for (kind, name), document in self.objects.items():
            spec = document.get("spec", {})
            selector = spec.get("selector", {})
            if selector:
                self.assertIn(selector.get("matchLabels", selector), labels, (kind, name))
            if kind == "Service":
                self.assertLessEqual({port["targetPort"] for port in spec["ports"]}, port_names)
        stateful = self.objects["StatefulSet", "voice-gateway"]["spec"]
        self.assertIn(("Service", stateful["serviceName"]), self.objects)
        rule = self.pod["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
        self.assertEqual(rule["labelSelector"]["matchLabels"], self.pod["metadata"]["labels"])
        backend = self.objects["Ingress", "voice-gateway"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        service = self.objects["Service", backend["name"]]
        self.assertIn(backend["port"]["name"], [port["name"] for port in service["spec"]["ports"]])


if __name__ == "__main__":
    harness.main()
