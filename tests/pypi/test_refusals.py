"""A refused customer reads why; and no name of ours is ever said not to exist, or somebody else's package gets in."""

import re
import unittest

from harness.python import Pip, Uv
from harness.relay import Listener
from harness.server import Server
from harness.wire import basic, get
from harness.world import World, shared, wheel, wheel_name

REFUSALS = [
    ("nobody", 401, "licence key is required"),
    ("wrong", 401, "not known here"),
    ("suspended", 403, "licence is suspended"),
    ("expired", 403, "licence expired on 2020-01-01"),
    ("other", 403, "licence"),
]
FILE = "/files/acme-widget/acme_widget-1.1.0-py3-none-any.whl"
PRO_FILE = "/files/acme-widget/acme_widget-2.0.0-py3-none-any.whl"


def headers(world: World, who: str) -> dict:
    if who == "nobody":
        return {}
    return basic("license", "WRONG-KEY-0000" if who == "wrong" else world.keys[who])


class Texts(unittest.TestCase):
    def test_body_and_reason_phrase_say_why(self):
        for who, status, text in REFUSALS:
            # A licence that ended may read the page: pip shows a reason on files only.
            pages = [] if who in ("suspended", "expired") else ["/simple/acme-widget/"]
            for path in (*pages, FILE, FILE + ".metadata"):
                with self.subTest(f"{who} {path}"):
                    answer = get(shared().registry("pypi") + path, headers(shared(), who))
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(text, answer.reason.lower())
                    self.assertIn(text, answer.text().lower())
                    self.assertEqual(answer.header("cache-control"), "no-store")
                    self.assertEqual(answer.header("www-authenticate").startswith("Basic "), status == 401)

    def file_url(self, who: str, path: str) -> str:
        url = shared().registry("pypi") + path
        return url if who == "nobody" else url.replace("://", f"://license:{shared().keys[who]}@")

    def test_pip_prints_the_reason_at_a_file(self):
        for who, path, text in (
            ("suspended", FILE, "licence is suspended"),
            ("expired", FILE, "licence expired on 2020-01-01"),
            ("basic", PRO_FILE, "entitle"),
        ):
            with self.subTest(who):
                customer = Pip(shared().registry("pypi"), None)
                self.addCleanup(customer.close)
                run = customer.install("--no-deps", f"acme-widget @ {self.file_url(who, path)}")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(text, run.output.lower(), run)

    def test_pip_and_uv_print_the_reason_of_an_ended_licence(self):
        for client in (Pip, Uv):
            for who, text in (("suspended", "licence is suspended"), ("expired", "licence expired on 2020-01-01")):
                with self.subTest(f"{client.name} {who}"):
                    customer = client(shared().registry("pypi"), shared().keys[who])
                    self.addCleanup(customer.close)
                    run = customer.install("acme-widget")
                    self.assertNotEqual(run.code, 0, run)
                    self.assertIn(text, run.output.lower(), run)

    def test_uv_prints_the_reason_at_a_file(self):
        for who, path, text in (("suspended", FILE, "suspended"), ("basic", PRO_FILE, "entitle")):
            with self.subTest(who):
                customer = Uv(shared().registry("pypi"), None)
                self.addCleanup(customer.close)
                run = customer.install("--no-deps", f"acme-widget @ {self.file_url(who, path)}")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(text, run.output.lower(), run)

    def test_nothing_is_installed(self):
        for client in (Pip, Uv):
            for who, _, _ in REFUSALS:
                with self.subTest(f"{client.name} {who}"):
                    key = None if who == "nobody" else "WRONG-KEY-0000" if who == "wrong" else shared().keys[who]
                    customer = client(shared().registry("pypi"), key)
                    self.addCleanup(customer.close)
                    run = customer.install("acme-widget")
                    self.assertNotEqual(run.code, 0, run)
                    self.assertEqual(list(customer.target.glob("acme*")), [], run)

    def test_a_package_that_is_withheld_as_a_whole_says_why_in_pip(self):
        world = shared()
        name = world.new_python("1.0.0", needs=[world.pro]).name
        customer = Pip(world.registry("pypi"), world.keys["basic"])
        self.addCleanup(customer.close)
        run = customer.install(name)
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("entitle", run.output.lower(), run)


class Confusion(unittest.TestCase):
    """What is ours but not for this caller is never a 404 and never a redirect, whatever state it is in."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Listener(cls.public_index)
        cls.addClassCleanup(cls.upstream.close)
        server = Server("--pypi-upstream", cls.upstream.url + "/simple")
        cls.addClassCleanup(server.close)
        cls.world = World(server.start())
        cls.world.python_fixtures()
        world = cls.world
        cls.names = {
            "licensed": "acme-widget",
            "draft": world.new_python("1.0.0", status="DRAFT").name,
            "empty": cls.empty_package("acme-empty"),
            "withheld": world.new_python("1.0.0", needs=[world.pro]).name,
            "yanked": cls.yanked(),
            "closed": cls.closed(),
        }

    @classmethod
    def empty_package(cls, name: str) -> str:
        cls.world.new_package(name, "pypi")
        return name

    @classmethod
    def yanked(cls) -> str:
        made = cls.world.new_python("1.0.0")
        cls.world.vendor.act("releases", made.releases[0], "yank")
        return made.name

    @classmethod
    def closed(cls) -> str:
        vendor = cls.world.vendor
        product = vendor.create("products", {"name": "Closed", "distributionStrategy": "CLOSED"})["id"]
        package = cls.world.new_package("acme-closed", "pypi", product)
        release = cls.world.new_release("1.0.0", package, product)
        vendor.publish(release, wheel_name("acme-closed", "1.0.0"), wheel("acme-closed", "1.0.0"))
        return "acme-closed"

    @staticmethod
    def public_index(method: str, path: str, _headers: dict, _body: bytes) -> tuple:
        """A public index where somebody holds every name, at a version that wins."""
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if path.startswith("/files/"):
            project = name.split("-")[0].replace("_", "-")
            return 200, "OK", [("Content-Type", "application/octet-stream")], wheel(project, "99.0.0")
        file = wheel_name(name, "99.0.0")
        link = f'<!DOCTYPE html><html><body><a href="/files/{file}">{file}</a></body></html>'
        return 200, "OK", [("Content-Type", "text/html")], link.encode()

    def test_every_denied_state(self):
        for state, name in self.names.items():
            for who in ("nobody", "wrong", "suspended", "expired", "other", "basic"):
                if who == "basic" and state == "licensed":
                    continue
                for spelling in (name, name.upper(), name.replace("-", "_"), name.replace("-", ".-")):
                    with self.subTest(f"{state} {who} {spelling}"):
                        url = f"{self.world.registry('pypi')}/simple/{spelling}/"
                        answer = get(url, headers(self.world, who))
                        self.assertIn(answer.status, (200, 401, 403), answer)
                        self.assertEqual(answer.header("location"), "")
                        if state != "yanked" or who != "basic":
                            self.no_file_of(answer, who)

    def no_file_of(self, page, who: str) -> None:
        """Whatever a page lists for somebody who is refused, no file of it is handed out."""
        files = re.findall(r'href="([^"#]+)', page.text()) if page.status == 200 else []
        for url in files:
            for part in (url, url + ".metadata"):
                self.assertIn(get(part, headers(self.world, who)).status, (401, 403), part)

    def test_anonymous_answers_are_the_same_for_ours_and_theirs(self):
        registry = self.world.registry("pypi")
        self.assertEqual(get(f"{registry}/simple/acme-widget/").status, 401)
        self.assertEqual(get(f"{registry}/simple/requests/").status, 401)

    def test_unknown_names_go_to_the_configured_upstream(self):
        answer = get(f"{self.world.registry('pypi')}/simple/Some_Public.Thing/", headers(self.world, "basic"))
        self.assertIn(answer.status, (302, 303), answer)
        self.assertEqual(answer.header("location"), self.upstream.url + "/simple/some-public-thing/")
        self.assertEqual(answer.header("cache-control"), "no-store")
        for who in ("suspended", "expired"):
            answer = get(f"{self.world.registry('pypi')}/simple/some-public-thing/", headers(self.world, who))
            self.assertEqual(answer.status, 403, answer)

    def test_clients_get_ours_from_us_and_theirs_from_there(self):
        for client in (Pip, Uv):
            with self.subTest(client.name):
                customer = client(self.world.registry("pypi"), self.world.keys["basic"])
                self.addCleanup(customer.close)
                self.upstream.seen.clear()
                run = customer.install("acme-widget", "public-thing")
                self.assertEqual(run.code, 0, run)
                self.assertEqual(customer.widget(), "1.1.0")
                self.assertTrue(any("99.0.0" in path.name for path in customer.target.iterdir()))
                self.assertEqual(self.upstream.asked("widget"), [])
                for seen in self.upstream.seen:
                    self.assertNotIn("authorization", seen.headers, "the key went to the public index")

    def test_a_denied_name_installs_nothing_from_upstream(self):
        for client in (Pip, Uv):
            for name in (self.names["draft"], self.names["closed"], self.names["empty"], self.names["withheld"]):
                with self.subTest(f"{client.name} {name}"):
                    customer = client(self.world.registry("pypi"), self.world.keys["basic"])
                    self.addCleanup(customer.close)
                    run = customer.install(name)
                    self.assertNotEqual(run.code, 0, run)
                    self.assertNotIn("99.0.0", run.output)

    def test_without_the_setting_unknown_names_are_not_found(self):
        answer = get(shared().registry("pypi") + "/simple/some-public-thing/", headers(shared(), "basic"))
        self.assertEqual((answer.status, answer.header("location")), (404, ""), answer)
