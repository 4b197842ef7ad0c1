"""A refused customer reads why, in the way that each client shows it."""

import unittest

from harness.javascript import Bearer, Nobody, Npm, Pnpm, Yarn1, Yarn4
from harness.wire import bearer, get
from harness.world import shared

# Licence, status, and what a person has to be able to read.
REFUSALS = [
    ("nobody", 401, "licence key is required"),
    ("wrong", 401, "not known here"),
    ("suspended", 403, "licence is suspended"),
    ("expired", 403, "licence expired on 2020-01-01"),
    ("other", 403, "licence"),
]


def auth(who: str) -> Bearer:
    if who == "nobody":
        return Nobody()
    return Bearer("WRONG-KEY-0000" if who == "wrong" else shared().keys[who])


class Refusals(unittest.TestCase):
    def refused(self, client, who: str):
        customer = client(shared().registry("npm"), auth(who))
        self.addCleanup(customer.close)
        run = customer.add("@acme/widget")
        self.assertNotEqual(run.code, 0, run)
        self.assertIsNone(customer.installed("@acme/widget"), run)
        if who not in ("nobody", "wrong"):
            self.assertNotIn(shared().keys[who], run.output, "the key is shown to whoever looks at the screen")
        return run

    def test_npm_prints_the_reason(self):
        for who, status, text in REFUSALS:
            with self.subTest(who):
                run = self.refused(Npm, who)
                self.assertIn(text, run.output.lower(), run)
                self.assertRegex(run.output, f"E{status}|need: License", run)

    def test_yarn_1_prints_the_reason(self):
        for who, _, text in REFUSALS:
            with self.subTest(who):
                run = self.refused(Yarn1, who)
                self.assertIn(text, run.output.lower(), run)

    def test_pnpm_prints_the_status(self):
        for who, status, _ in REFUSALS:
            with self.subTest(who):
                self.assertRegex(self.refused(Pnpm, who).output, f"{status}|[Uu]nauthorized|[Aa]uthenticat")

    def test_yarn_4_prints_the_status(self):
        for who, status, _ in REFUSALS:
            with self.subTest(who):
                run = self.refused(Yarn4, who)
                self.assertRegex(run.output, "Invalid authentication|No authentication|YN0041|40[13]", run)

    def test_the_answer_itself(self):
        for who, status, text in REFUSALS:
            for path in ("/@acme%2fwidget", "/@acme/widget/1.1.0", "/@acme/widget/-/widget-1.1.0.tgz"):
                with self.subTest(f"{who} {path}"):
                    headers = {} if who == "nobody" else bearer(auth(who).key)
                    answer = get(shared().registry("npm") + path, headers)
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(text, answer.json()["error"].lower())
                    self.assertEqual(answer.header("npm-notice"), answer.json()["error"])
                    self.assertEqual(answer.header("cache-control"), "no-store")
                    challenge = answer.header("www-authenticate")
                    self.assertEqual(challenge.startswith("License "), status == 401, challenge)

    def test_anonymous_answers_do_not_tell_which_names_exist(self):
        there = get(shared().registry("npm") + "/@acme%2fwidget")
        absent = get(shared().registry("npm") + "/@acme%2fno-such-thing")
        self.assertEqual((there.status, there.body), (absent.status, absent.body))

    def test_an_unknown_name_is_not_found_for_a_good_licence(self):
        run_headers = bearer(shared().keys["pro"])
        answer = get(shared().registry("npm") + "/@acme%2fno-such-thing", run_headers)
        self.assertEqual(answer.status, 404, answer)
        self.assertIn("no-such-thing", answer.json()["error"])


class Entitlements(unittest.TestCase):
    def test_a_pinned_version_without_the_entitlement(self):
        customer = Npm(shared().registry("npm"), Bearer(shared().keys["basic"]))
        self.addCleanup(customer.close)
        run = customer.add("@acme/widget@2.0.0")
        self.assertNotEqual(run.code, 0, run)
        self.assertIsNone(customer.installed("@acme/widget"))

    def test_the_version_and_its_tarball_say_what_is_missing(self):
        for path in ("/@acme/widget/2.0.0", "/@acme/widget/-/widget-2.0.0.tgz", "/@acme%2fwidget/-/widget-2.0.0.tgz"):
            with self.subTest(path):
                answer = get(shared().registry("npm") + path, bearer(shared().keys["basic"]))
                self.assertEqual(answer.status, 403, answer)
                self.assertRegex(answer.json()["error"].lower(), r"entitle")
                self.assertEqual(get(shared().registry("npm") + path, bearer(shared().keys["pro"])).status, 200)
