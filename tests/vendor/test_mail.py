"""Forgotten passwords, with a mail server that takes what it is sent, and one that is away at first."""

import email
import email.policy
import json
import re
import socketserver
import tempfile
import threading
import unittest
from pathlib import Path

from harness.receiver import Receiver
from harness.server import Server
from harness.vendor import Vendor
from harness.waiting import until
from harness.wire import basic, bearer, get

OLD, NEW = "correct horse", "battery staple"


class Session(socketserver.StreamRequestHandler):
    """SMTP, as far as one mail needs it (RFC 5321)."""

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 mail.test ESMTP")
        while line := self.rfile.readline():
            command = line.split()[0].upper() if line.split() else b""
            if command == b"DATA":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))
                self.server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                self.say("250 taken")
            elif command == b"QUIT":
                return self.say("221 bye")
            elif command == b"EHLO":
                self.say("250-mail.test\r\n250 8BITMIME")
            elif command == b"RCPT" and self.server.refused:
                self.server.refused -= 1
                self.say("550 no such mailbox")
            elif command == b"MAIL" and self.server.away:
                self.server.away -= 1
                self.say("451 not now")
            else:
                self.say("250 fine")


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, away: int = 0, refused: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails: list[email.message.EmailMessage] = []
        self.away, self.refused = away, refused
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Mail(unittest.TestCase):
    def start(self, away: int = 0, refused: int = 0) -> None:
        self.mail = MailServer(away, refused)
        self.addCleanup(self.mail.stop)
        self.serve(self.mail.place)

    def serve(self, place: str, *flags: str, environment: dict | None = None) -> None:
        mail = ("--mail", place, "--mail-from", "Acme <licences@acme.example>")
        self.server = Server(*mail, *flags, environment=environment).start()
        self.addCleanup(self.server.close)
        self.vendor = Vendor(self.server.url, self.server.token)
        self.jane = self.vendor.create("users", {"email": "jane@example.com", "password": OLD})["id"]

    def post(self, path: str, meta: dict, headers: dict | None = None):
        return self.vendor.ask("POST", path, {"meta": meta}, headers or {"Authorization": ""})

    def log_in(self, password: str):
        return self.post("/tokens", {}, basic("jane@example.com", password))

    def test_from_the_mail_to_the_log_in(self):
        self.start(away=1)
        token = self.log_in(OLD).json()["data"]["attributes"]["token"]
        for address in ("nobody@example.com", "Jane@example.com"):
            self.assertEqual(self.post("/passwords", {"email": address}).status, 204)
        until(lambda: self.mail.mails, "the mail")
        (mail,) = self.mail.mails
        self.assertEqual((mail["To"], mail["From"]), ("jane@example.com", "Acme <licences@acme.example>"))
        text = mail.get_content()
        path = re.search(r"/v1(/accounts/\S+/actions/reset-password)", text)[1]
        meta = {"passwordResetToken": re.search(r"^ +([0-9a-f]{64})\s*$", text, re.M)[1], "newPassword": NEW}
        # the mail goes out before the token holds, so that no token holds that nobody was told of
        answer = until(lambda: (got := self.post(path, meta)).status != 404 and got, "the token")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(get(f"{self.server.url}/v1/me", bearer(token)).status, 401)
        self.assertEqual([self.log_in(password).status for password in (OLD, NEW)], [401, 201])
        self.assertEqual(self.post(path, meta).status, 404)
        events = self.vendor.must("GET", "/event-logs?event=user.password-reset")
        self.assertEqual(len(events), 1)
        self.assertNotIn(meta["passwordResetToken"], self.server.log())

    def test_a_mail_that_is_refused_for_good_is_not_tried_again(self):
        self.start(refused=1)
        self.assertEqual(self.post("/passwords", {"email": "jane@example.com"}).status, 204)
        until(lambda: "was not sent" in self.server.log(), "the warning")
        self.assertEqual(self.mail.mails, [])
        self.assertEqual(self.post("/passwords", {"email": "jane@example.com"}).status, 204)
        until(lambda: self.mail.mails, "the next one")

    def test_a_directory_takes_mail_too(self):
        with tempfile.TemporaryDirectory() as folder:
            self.serve(f"file:{folder}")
            self.assertEqual(self.post("/passwords", {"email": "jane@example.com"}).status, 204)
            (path,) = until(lambda: [*Path(folder).glob("*.eml")], "the mail")
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        self.assertEqual(mail["To"], "jane@example.com")
        self.assertRegex(mail.get_content(), r"(?m)^ +[0-9a-f]{64}\s*$")

    def test_forgotten_accounts_are_mailed_to_their_users(self):
        with tempfile.TemporaryDirectory() as folder:
            mail = ("--mail", f"file:{folder}", "--mail-from", "Acme <licences@acme.example>")
            server = Server(*mail, "--mode", "multiplayer").start()
            self.addCleanup(server.close)
            admins = {"acme": "jane@example.com", "shop": "jane@example.com", "rival": "boss@rival.example"}
            tokens = {}
            for slug, admin in admins.items():
                made = server.shell("account", "create", "--name", slug.title(), "--slug", slug, "--admin", admin)
                tokens[slug] = re.search(r"admin-\S+", made.stdout)[0]
            for address in ("nobody@example.com", "Jane@example.com"):
                asked = Vendor(server.url, "").ask(
                    "POST", "/recover", {"meta": {"type": "account", "email": address}}, {"Authorization": ""}
                )
                self.assertEqual((asked.status, asked.body), (204, b""), address)
            (path,) = until(lambda: [*Path(folder).glob("*.eml")], "the mail")
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        self.assertEqual(mail["To"], "jane@example.com")
        named = re.findall(r"^ +(http\S+)\s*$", mail.get_content(), re.M)
        shown = [get(f"{url}/profile", bearer(tokens[slug])) for url, slug in zip(named, ["acme"] * 2 + ["shop"] * 2, strict=True)]
        self.assertEqual([answer.status for answer in shown], [200] * 4, named)

    def test_a_webhook_has_the_token_for_a_mail_of_ones_own(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.mail = MailServer()
        self.addCleanup(self.mail.stop)
        self.serve(self.mail.place, "--webhook-private-addresses", "on", environment=receiver.trusted())
        heard = {"url": receiver.url + "/hook", "subscriptions": ["user.password-reset"]}
        self.vendor.create("webhook-endpoints", heard)
        meta = {"email": "jane@example.com", "deliver": False}
        self.assertEqual(self.post("/passwords", meta).status, 204)
        (told,) = until(lambda: receiver.received, "the webhook")
        payload = json.loads(told.event()["attributes"]["payload"])
        self.assertEqual((payload["data"]["id"], self.mail.mails), (self.jane, []))
        meta = {"passwordResetToken": payload["meta"]["passwordResetToken"], "newPassword": NEW}
        self.assertEqual(self.post(f"/users/{self.jane}/actions/reset-password", meta).status, 200)
        self.assertEqual([self.log_in(password).status for password in (OLD, NEW)], [401, 201])

    def test_no_webhook_has_the_token_of_an_admin(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.mail = MailServer()
        self.addCleanup(self.mail.stop)
        self.serve(self.mail.place, "--webhook-private-addresses", "on", environment=receiver.trusted())
        self.vendor.create("users", {"email": "ada@example.com", "role": "admin", "password": OLD})
        heard = {"url": receiver.url + "/hook", "subscriptions": ["user.password-reset"]}
        self.vendor.create("webhook-endpoints", heard)
        self.assertEqual(self.post("/passwords", {"email": "ada@example.com"}).status, 204)
        (told,) = until(lambda: receiver.received, "the webhook")
        self.assertNotIn("passwordResetToken", told.event()["attributes"]["payload"])
        self.assertEqual(len(self.mail.mails), 1)


if __name__ == "__main__":
    unittest.main()
