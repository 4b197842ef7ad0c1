"""A refused customer reads why, in docker and in containerd as in the others, and learns nothing else."""

import unittest

from harness.containerd import Ctr
from harness.depot import Depot
from harness.docker import Docker
from harness.go_clients import Crane
from harness.images import image
from harness.places import has
from harness.podman import Containers
from harness.wire import get

# Licence, and what a person has to be able to read.
REFUSALS = [
    ("suspended", "licence is suspended"),
    ("expired", "licence expired on 2020-01-01"),
    ("other", "licence"),
    ("unentitled", "entitle"),
]


class Readable(Depot):
    """A release that needs the entitlement `pro`."""

    def setUp(self) -> None:
        super().setUp()
        self.name, self.document = self.push(needs=[self.world.pro])

    def key(self, who: str) -> str:
        return self.secret("basic" if who == "unentitled" else who)

    def reads(self, pull) -> None:
        for who, text in REFUSALS:
            with self.subTest(who):
                output = self.fails(pull(self.key(who)), text)
                self.assertNotIn(self.key(who), output, "the key is shown to whoever looks at the screen")

    def test_in_containerd(self):
        self.reads(lambda key: self.client(Ctr, key).pull(f"{self.name}:1.0.0"))
        self.reads(lambda key: self.client(Ctr, key).pull(f"{self.name}@{self.document.digest}"))

    def test_in_podman_and_skopeo(self):
        self.reads(lambda key: self.client(Containers, key).pull(f"{self.name}:1.0.0"))
        self.reads(lambda key: self.client(Containers, key).inspect(f"{self.name}:1.0.0"))

    @unittest.skipUnless(has("crane"), "crane could not be built")
    def test_in_crane(self):
        def pull(key: str):
            crane = self.client(Crane)
            self.works(crane.login(key))
            return crane.run("pull", crane.reference(f"{self.name}:1.0.0"), "image.tar")

        self.reads(pull)

    def test_in_docker(self):
        """docker logs in while the licence is good; then it is not."""
        self.fails(self.logged_in(Docker).pull(f"{self.name}:1.0.0"), "entitle")
        self.fails(self.logged_in(Docker, "other").pull(f"{self.name}:1.0.0"), "licence")
        for action, text in (("suspend", "licence is suspended"), ("revoke", "not known here")):
            with self.subTest(action):
                licence, key = self.world.new_license("REFUSED", entitlements=[self.world.pro])
                docker = self.logged_in(Docker, key)
                self.works(docker.pull(f"{self.name}:1.0.0"))
                docker.forget(f"{self.name}:1.0.0")
                method, path = ("DELETE", "") if action == "revoke" else ("POST", "/actions/suspend")
                self.world.vendor.must(method, f"/licenses/{licence}{path}")
                output = self.fails(docker.pull(f"{self.name}:1.0.0"), text)
                self.assertNotIn(key, output)

    def test_an_entitlement_taken_away(self):
        licence, key = self.world.new_license("TAKEN", entitlements=[self.world.pro])
        docker = self.logged_in(Docker, key)
        self.works(docker.pull(f"{self.name}:1.0.0"))
        docker.forget(f"{self.name}:1.0.0")
        data = [{"type": "entitlements", "id": self.world.pro}]
        self.world.vendor.must("DELETE", f"/licenses/{licence}/entitlements", {"data": data})
        self.fails(docker.pull(f"{self.name}:1.0.0"), "entitle")
        self.world.vendor.entitle(licence, self.world.pro)
        self.works(docker.pull(f"{self.name}:1.0.0"))

    def test_the_answer_itself(self):
        for who, text in REFUSALS:
            with self.subTest(who):
                customer = self.registry(self.key(who))
                headers = customer.with_token(f"repository:{self.name}:pull")
                for method in ("GET", "HEAD"):
                    answer = customer.manifest(self.name, "1.0.0", method, headers)
                    self.assertEqual(answer.status, 401, answer)
                    said = answer.header("www-authenticate")
                    self.assertIn(text, said)
                    for part in ("Bearer ", 'realm="', f'scope="repository:{self.name}:pull"', 'error="'):
                        self.assertIn(part, said)
                self.refused(customer.manifest(self.name, "1.0.0", headers=headers), 401, "UNAUTHORIZED", text)

    def test_other_tags_are_still_there_for_them(self):
        self.vendor.push(self.name, "0.9.0", image())
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{self.name}:0.9.0"))
        self.assertEqual(self.customer("basic").tags(self.name), ["0.9.0"])
        self.assertEqual(self.customer("pro").tags(self.name), ["0.9.0", "1.0.0"])

    def test_a_wrong_key(self):
        for kind in (Ctr, Containers):
            with self.subTest(kind.__name__):
                output = self.fails(self.client(kind, "WRONG-KEY-0000").pull(f"{self.name}:1.0.0"))
                self.assertRegex(output, "401|not known here")


class Silent(Depot):
    """What is not for them is not there."""

    def test_nobody_learns_which_names_exist(self):
        name, document = self.push()
        stranger = self.registry()
        for path in ("manifests/1.0.0", "tags/list", f"blobs/{document.layers[0]}", f"referrers/{document.digest}"):
            with self.subTest(path):
                there, absent = (stranger.ask("GET", f"{one}/{path}") for one in (name, "acme/no-such"))
                self.assertEqual(there.status, 401, there)
                self.assertEqual((there.status, there.body), (absent.status, absent.body))

    def test_the_catalogue_lists_what_they_may_see(self):
        name, _ = self.push()

        def listed(who: str | None) -> list[str]:
            answer = self.registry(self.secret(who)).ask("GET", "_catalog?n=1000")
            return answer.json()["repositories"] if answer.status == 200 else []

        self.assertIn(name, listed("basic"))
        self.assertNotIn(name, listed("other"))
        self.assertNotIn(name, listed(None))

    def test_an_unknown_name_is_not_found_for_a_good_licence(self):
        self.fails(self.logged_in(Docker).pull("acme/no-such:1.0.0"), "not found")
        answer = self.customer().manifest("acme/no-such", "1.0.0")
        self.refused(answer, 404, "NAME_UNKNOWN")
        name, _ = self.push()
        self.refused(self.customer().manifest(name, "7.0.0"), 404, "MANIFEST_UNKNOWN")

    def test_what_nothing_released_reaches_is_the_vendors_alone(self):
        name, _ = self.push()
        loose = self.vendor.push(name, None, image())
        self.assertEqual(self.vendor.manifest(name, loose.digest).status, 200)
        self.assertNotEqual(self.customer().manifest(name, loose.digest).status, 200)
        self.assertNotEqual(self.customer().blob(name, loose.layers[0]).status, 200)


class ReadOnly(Depot):
    """A licence key pulls and does nothing else."""

    def test_docker_push(self):
        name, _ = self.push()
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{name}:1.0.0"))
        docker.run("tag", docker.reference(f"{name}:1.0.0"), docker.reference(f"{name}:2.0.0"))
        self.fails(docker.push(f"{name}:2.0.0"), "licence cannot publish")
        self.assertEqual(self.vendor.tags(name), ["1.0.0"])

    def test_every_request_that_changes_something(self):
        name, document = self.push()
        customer = self.customer("pro")
        layer = document.layers[0]
        for method, path in (
            ("POST", "blobs/uploads/"),
            ("POST", f"blobs/uploads/?mount={layer}&from={name}"),
            ("POST", f"blobs/uploads/?digest={layer}"),
            ("PUT", "manifests/2.0.0"),
            ("PUT", f"manifests/{document.digest}"),
            ("DELETE", "manifests/1.0.0"),
            ("DELETE", f"manifests/{document.digest}"),
            ("DELETE", f"blobs/{layer}"),
            ("PATCH", "blobs/uploads/0198c5a0-0000-7000-8000-000000000000"),
            ("DELETE", "blobs/uploads/0198c5a0-0000-7000-8000-000000000000"),
        ):
            with self.subTest(f"{method} {path}"):
                asked = customer.with_token(f"repository:{name}:pull,push,delete")
                for headers in ({}, asked):
                    answer = customer.ask(method, f"{name}/{path}", document.body, headers)
                    self.assertIn(answer.status, (401, 403), answer)
                    self.assertIn(answer.json()["errors"][0]["code"], ("UNAUTHORIZED", "DENIED"))
        self.assertEqual(self.vendor.manifest(name, "1.0.0").body, document.body)
        self.assertEqual(self.vendor.blob(name, layer).status, 200)
        self.assertEqual(get(f"{self.world.server.url}/v2/{name}/manifests/1.0.0").status, 401)


if __name__ == "__main__":
    unittest.main()
