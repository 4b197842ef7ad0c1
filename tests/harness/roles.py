"""Stand-ins of the services that lend credentials to roles: a container's endpoint, a machine's metadata, and the
exchange of a web identity's token. They lend the keys of the run's own object store."""

import json
import time
from urllib.parse import parse_qs

from .relay import Listener

TOKEN = "token-of-the-role"


class Lender(Listener):
    """Answers as each of the services does, with `keys` that last `seconds`; `broken` makes it refuse."""

    def __init__(self, key: str, secret: str, seconds: int = 3600) -> None:
        self.key, self.secret, self.seconds, self.broken = key, secret, seconds, False
        super().__init__(self.answer)

    def ends(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.seconds))

    def answer(self, method: str, path: str, headers: dict, body: bytes) -> tuple[int, str, list, bytes]:
        if self.broken:
            return 403, "Forbidden", [], b"<Error><Code>AccessDenied</Code></Error>"
        status, content = self.reply(method, path, headers, parse_qs(body.decode()))
        return status, "", [], content.encode()

    def reply(self, method: str, path: str, headers: dict, form: dict) -> tuple[int, str]:
        lent = {
            "Code": "Success", "AccessKeyId": self.key, "SecretAccessKey": self.secret, "Expiration": self.ends(),
        }  # fmt: skip
        roles = "/latest/meta-data/iam/security-credentials/"
        match method, path:
            case "GET", "/container":
                return (200, json.dumps(lent)) if headers.get("authorization") == TOKEN else (401, "")
            case "PUT", "/latest/api/token":
                return (200, TOKEN) if headers.get("x-aws-ec2-metadata-token-ttl-seconds") else (400, "")
            case "GET", _ if path.startswith(roles):
                if headers.get("x-aws-ec2-metadata-token") != TOKEN:
                    return 401, ""
                return (200, "the-role") if path == roles else (200, json.dumps(lent)) if path == f"{roles}the%2Drole" else (404, "")
            case "POST", "/":
                wanted = {"Action": "AssumeRoleWithWebIdentity", "RoleArn": "arn:aws:iam::1:role/keyway", "WebIdentityToken": TOKEN}
                if any(form.get(name) != [value] for name, value in wanted.items()):
                    return 400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>"
                lent.pop("Code")
                members = "".join(f"<{name}>{value}</{name}>" for name, value in lent.items())
                return 200, f"<R><AssumeRoleWithWebIdentityResult><Credentials>{members}</Credentials></AssumeRoleWithWebIdentityResult></R>"
        return 404, ""
