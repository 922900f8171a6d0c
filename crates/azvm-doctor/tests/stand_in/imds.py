"""An instance metadata service that knows nothing of this project: imds.py ADDRESS:PORT LOGFILE

Bodies and headers are those that the service was seen to send. Each request's raw bytes go to LOGFILE as one JSON line.
The machine has a system-assigned and one user-assigned identity; tokens are JWT-shaped, their signature is noise.
"""
import base64
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TENANT = "7a1d0c5e-0000-4000-8000-0000000000a1"
GROUP = "/subscriptions/5b2e9f70-0000-4000-8000-0000000000b2/resourceGroups/rg-stand-in"
VM = GROUP + "/providers/Microsoft.Compute/virtualMachines/vm-stand-in"
SYSTEM = {"client_id": "11c0ffee-0000-4000-8000-000000000011", "object_id": "12c0ffee-0000-4000-8000-000000000012", "msi_res_id": VM}
USER = {
    "client_id": "21c0ffee-0000-4000-8000-000000000021",
    "object_id": "22c0ffee-0000-4000-8000-000000000022",
    "msi_res_id": GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-stand-in",
}
VERSIONS = ["2017-03-01", "2017-12-01", "2018-02-01", "2019-08-01", "2020-09-01", "2021-02-01", "2023-07-01", "2023-11-15", "2024-03-15", "2024-07-17", "2025-04-07"]
COMPUTE = {
    "azEnvironment": "AzurePublicCloud", "location": "westeurope", "name": "vm-stand-in", "osType": "Linux", "provider": "Microsoft.Compute",
    "resourceGroupName": "rg-stand-in", "resourceId": VM, "subscriptionId": VM.split("/")[2], "tags": "", "tagsList": [],
    "vmId": "31c0ffee-0000-4000-8000-000000000031", "vmScaleSetName": "", "vmSize": "Standard_B2s", "zone": "1",
}
ADDRESS = {"privateIpAddress": "10.0.0.4", "publicIpAddress": ""}
NETWORK = {"interface": [{"ipv4": {"ipAddress": [ADDRESS], "subnet": [{"address": "10.0.0.0", "prefix": "24"}]}, "ipv6": {"ipAddress": []}, "macAddress": "000D3A000001"}]}


def refusal(description):
    return 400, {"error": "invalid_request", "error_description": description}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(identity, resource):
    now = int(time.time())
    times = {"iat": now - 300, "nbf": now - 300, "exp": now + 86400}
    who = {"appid": identity["client_id"], "oid": identity["object_id"], "sub": identity["object_id"], "xms_mirid": identity["msi_res_id"]}
    claims = {"aud": resource, "iss": f"https://sts.windows.net/{TENANT}/", "tid": TENANT, "idtyp": "app", "ver": "1.0", **times, **who}
    parts = (json.dumps({"typ": "JWT", "alg": "RS256", "kid": "stand-in"}).encode(), json.dumps(claims).encode(), os.urandom(256))
    return 200, {
        "access_token": ".".join(map(base64url, parts)), "client_id": identity["client_id"], "expires_in": "86400", "expires_on": str(now + 86400),
        "ext_expires_in": "86399", "not_before": str(now - 300), "resource": resource, "token_type": "Bearer",
    }


def answer(target, headers):
    url = urlsplit(target)
    pairs = parse_qsl(url.query, keep_blank_values=True)
    query = dict(pairs)
    if (headers.get("Metadata") or "").lower() != "true":
        return refusal("Required metadata header not specified")
    if url.path == "/metadata/versions":
        return 200, {"apiVersions": VERSIONS}
    if query.get("api-version") not in VERSIONS:
        text = "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds"
        return 400, {"error": text, "newest-versions": VERSIONS[:-4:-1]}
    if url.path == "/metadata/instance":
        return 200, {"compute": COMPUTE, "network": NETWORK}
    if url.path == "/metadata/instance/compute":
        return 200, COMPUTE
    if url.path == "/metadata/identity/info":
        return 200, {"tenantId": TENANT}
    if url.path != "/metadata/identity/oauth2/token":
        return 404, {"error": "Not found"}
    if "resource" not in query:
        return refusal("Required query variable 'resource' is missing")
    selectors = [(name, value.lower()) for name, value in pairs if name in USER]
    if len(selectors) > 1 or len(query) != len(pairs):
        return refusal("Invalid request")
    for identity in (SYSTEM, USER) if not selectors else (USER,):
        if all(identity[name].lower() == value for name, value in selectors):
            return token(identity, query["resource"])
    return refusal("Identity not found")


class Recorder:
    """Hands on what the client sends, and keeps it."""

    def __init__(self, stream):
        self.stream, self.seen = stream, b""

    def readline(self, limit=-1):
        line = self.stream.readline(limit)
        self.seen += line
        return line

    def __getattr__(self, name):
        return getattr(self.stream, name)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.rfile = Recorder(self.rfile)

    def do_GET(self):
        with open(LOGFILE, "a") as log:
            log.write(json.dumps({"raw": self.rfile.seen.decode("latin-1")}) + "\n")
        self.rfile.seen = b""
        status, content = (403, None) if "X-Forwarded-For" in self.headers else answer(self.path, self.headers)
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self):
        return "IMDS/150.870.65.1854"

    def log_message(self, *_):
        pass


ADDRESS_AND_PORT, LOGFILE = sys.argv[1:]
HOST, PORT = ADDRESS_AND_PORT.rsplit(":", 1)
ThreadingHTTPServer((HOST, int(PORT)), Handler).serve_forever()
