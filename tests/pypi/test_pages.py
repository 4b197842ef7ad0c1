"""Index pages as they come over the wire."""

import unittest

from harness.wire import basic, get
from harness.world import shared

JSON = "application/vnd.pypi.simple.v1+json"
VERSIONS = ["1.0.0", "1.0.post1", "1.1.0", "2.0.0b1", "2.0.0"]


def ask(path: str, who: str = "pro", method: str = "GET", **headers: str):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return get(shared().registry("pypi") + path, {**basic("license", shared().keys[who]), **given}, method)


class Pages(unittest.TestCase):
    def test_json_page(self):
        answer = ask("/simple/acme-widget/", Accept=JSON)
        self.assertEqual((answer.status, answer.header("content-type").split(";")[0]), (200, JSON))
        document = answer.json()
        self.assertEqual(document["name"], "acme-widget")
        self.assertEqual(document["versions"], VERSIONS, "PEP 440 order")
        self.assertEqual(len(document["files"]), 10)
        self.assertEqual({file["yanked"] for file in document["files"]}, {False})

    def test_html_page_without_an_accept(self):
        for headers in ({}, {"Accept": "text/html"}, {"Accept": "*/*"}):
            answer = ask("/simple/acme-widget/", **headers)
            self.assertTrue(answer.header("content-type").startswith("text/html"), answer.header("content-type"))
            self.assertIn("acme_widget-2.0.0-py3-none-any.whl</a>", answer.text())
            self.assertIn("#sha256=", answer.text())
            self.assertIn('data-requires-python="&gt;=3.8"', answer.text())
            self.assertIn('data-core-metadata="sha256=', answer.text())

    def test_weights_decide(self):
        pip = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
        self.assertEqual(ask("/simple/acme-widget/", Accept=pip).header("content-type").split(";")[0], JSON)
        self.assertEqual(ask("/simple/acme-widget/", Accept="image/png").status, 406)

    def test_spellings_and_slashes(self):
        expected = ask("/simple/acme-widget/", Accept=JSON).body
        for path in ("/simple/Acme.Widget/", "/simple/acme_widget", "/simple//acme-widget/"):
            with self.subTest(path):
                self.assertEqual(ask(path, Accept=JSON).body, expected)

    def test_names_index_lists_what_the_licence_is_for(self):
        names = {project["name"] for project in ask("/simple/", Accept=JSON).json()["projects"]}
        self.assertLessEqual({"acme-widget", "acme-gadget"}, names)
        other = {project["name"] for project in ask("/simple/", who="other", Accept=JSON).json()["projects"]}
        self.assertFalse(other & {"acme-widget", "acme-gadget"}, other)

    def test_validators(self):
        first = ask("/simple/acme-widget/", Accept=JSON)
        again = ask("/simple/acme-widget/", Accept=JSON, If_None_Match=first.header("etag"))
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(
            ask("/simple/acme-widget/", "basic", Accept=JSON, If_None_Match=first.header("etag")).status, 200
        )

    def test_what_is_not_covered_is_not_on_it(self):
        document = ask("/simple/acme-widget/", "basic", Accept=JSON).json()
        self.assertEqual(document["versions"], VERSIONS[:4])

    def test_head_of_a_file(self):
        url = ask("/simple/acme-widget/", Accept=JSON).json()["files"][0]
        answer = get(url["url"], basic("license", shared().keys["pro"]), "HEAD")
        self.assertEqual((answer.status, int(answer.header("content-length"))), (200, url["size"]))

    def test_ranges_of_a_file(self):
        file = ask("/simple/acme-widget/", Accept=JSON).json()["files"][0]
        answer = get(file["url"], {**basic("license", shared().keys["pro"]), "Range": "bytes=-10"})
        self.assertIn(answer.status, (206, 303), answer)
        if answer.status == 206:
            self.assertEqual(len(answer.body), 10)
