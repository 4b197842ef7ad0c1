"""Files that come in parts: on disk, at the object store by its own URLs, and through the server to the store."""

import hashlib
import os
import unittest

from harness import seaweed, wire
from harness.parts import MIB, PartsUpload
from harness.server import Server
from harness.waiting import until
from harness.world import World

PART = 5 * MIB


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(f"{size} {seed}".encode()).digest(size)


class Parts:
    """What holds wherever the bytes are kept."""

    # SeaweedFS keeps what a part was before it was sent again; other stores do not
    keeps_both = False

    @classmethod
    def start(cls) -> Server:
        raise NotImplementedError

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.start()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.world = World(cls.server)
        cls.release = cls.world.new_release("1.0.0")
        cls.vendor = cls.world.vendor

    def begin(self, filename: str, size: int, part_size: int = PART, **more: object) -> PartsUpload:
        return PartsUpload(self.vendor, self.release, filename, size, part_size, **more)

    def downloaded(self, id: str) -> bytes:
        where = self.server.get(f"/v1/artifacts/{id}", wire.license_header(self.world.keys["basic"]))
        self.assertEqual(where.status, 303, where)
        return wire.get(where.headers["Location"]).body

    def refused(self, answer: wire.Answer, status: int, *words: str) -> None:
        self.assertEqual(answer.status, status, answer)
        for word in words:
            self.assertIn(word, answer.text())

    def test_a_file_comes_in_parts_in_any_order(self) -> None:
        content = noise(2 * PART + 12345)
        checksum = hashlib.sha512(content).hexdigest()
        upload = self.begin("whole.bin", len(content), checksum=checksum)
        self.assertEqual((upload.facts["partSize"], upload.facts["partCount"]), (PART, 3))
        self.assertIn(upload.id, upload.links["signParts"])
        tags = upload.send(content, [3, 1])
        tags |= upload.send(content, [2])
        self.assertEqual([part["etag"] for part in upload.sign()], [tags[n].strip('"') for n in (1, 2, 3)])
        done = upload.complete(tags)
        self.assertEqual(done.status, 200, done)
        found = self.vendor.settled(upload.id)["attributes"]
        self.assertEqual(found["status"], "UPLOADED", found)
        self.assertEqual(hashlib.sha512(self.downloaded(upload.id)).hexdigest(), checksum)
        self.assertEqual(upload.complete(tags).status, 200, "said again, it is still complete")
        self.refused(self.vendor.ask("POST", f"/artifacts/{upload.id}/actions/sign-parts"), 422, "UPLOADED")

    def test_an_interrupted_upload_goes_on_where_it_was(self) -> None:
        content = noise(3 * PART)
        upload = self.begin("resumed.bin", len(content))
        upload.send(content, [2])
        missing = upload.complete()
        self.refused(missing, 422, "UPLOAD_PARTS_MISSING", "missing parts 1, 3")
        there = {part["number"] for part in upload.sign() if part["etag"]}
        self.assertEqual(there, {2})
        upload.send(content, [1, 3])
        self.assertEqual(upload.complete().status, 200)
        self.assertEqual(self.vendor.settled(upload.id)["attributes"]["status"], "UPLOADED")
        self.assertEqual(self.downloaded(upload.id), content)

    def test_parts_are_signed_run_by_run(self) -> None:
        upload = self.begin("many.bin", 25 * PART)
        meta = self.vendor.must_meta(f"/artifacts/{upload.id}/actions/sign-parts", {"from": 11, "count": 10})
        self.assertEqual([part["number"] for part in meta["parts"]], list(range(11, 21)))
        self.assertEqual(meta["next"], 21)
        meta = self.vendor.must_meta(f"/artifacts/{upload.id}/actions/sign-parts", {"from": 21, "count": 10})
        self.assertEqual((len(meta["parts"]), meta["next"]), (5, None))
        for meta, pointer in (({"from": 26}, "/meta/from"), ({"count": 0}, "/meta/count"), ({"count": 1001}, "/meta/count")):
            answer = self.vendor.ask("POST", f"/artifacts/{upload.id}/actions/sign-parts", {"meta": meta})
            self.refused(answer, 400, pointer)

    def test_a_part_that_was_sent_again_counts_as_it_is_now(self) -> None:
        content = noise(PART + 10)
        upload = self.begin("again.bin", len(content))
        tags = upload.send(content)
        other = noise(PART, 1)
        again = upload.put(upload.sign()[0], other)
        self.assertEqual(again.status, 200)
        if not self.keeps_both:
            self.refused(upload.complete(tags), 422, "UPLOAD_PARTS_INVALID", "of part 1")
        else:
            self.refused(upload.complete(), 422, "UPLOAD_PARTS_INVALID", "of part 1")
        self.assertEqual(upload.complete({**tags, 1: again.headers["ETag"]}).status, 200)
        self.assertEqual(self.vendor.settled(upload.id)["attributes"]["status"], "UPLOADED")
        self.assertEqual(self.downloaded(upload.id), other + content[PART:])

    def test_what_was_declared_is_checked_in_the_end(self) -> None:
        content = noise(PART + 1)
        upload = self.begin("declared.bin", len(content), checksum="0" * 64)
        self.assertEqual(upload.complete(upload.send(content)).status, 200)
        found = self.vendor.settled(upload.id)["attributes"]
        self.assertEqual(found["status"], "FAILED")
        self.assertIn("checksum", found["failure"])

    def test_lists_of_parts_that_are_wrong(self) -> None:
        content = noise(PART + 1)
        upload = self.begin("lists.bin", len(content))
        self.refused(upload.complete(), 422, "UPLOAD_PARTS_MISSING")
        tags = upload.send(content)
        self.refused(upload.complete({1: tags[1]}), 422, "missing part 2")
        self.refused(upload.complete({1: tags[1], 2: "x"}), 422, "of part 2")
        self.refused(upload.complete({1: tags[1], 3: tags[2]}), 400, "/meta/parts/1/number")
        self.refused(upload.complete({}), 400, "/meta/parts")
        self.assertEqual(upload.complete(tags).status, 200)

    def test_a_part_of_a_wrong_size(self) -> None:
        upload = self.begin("sizes.bin", PART + 100)
        first, last = upload.sign()
        answer = upload.put(last, b"x" * 99)
        if answer.status == 200:
            # The store takes what comes.
            self.assertEqual(upload.put(first, noise(PART)).status, 200)
            self.refused(upload.complete(), 422, "UPLOAD_PARTS_INVALID", "part 2")
        else:
            self.refused(answer, 400, "part 2 has to have 100 bytes; 99 came")
            self.refused(upload.complete(), 422, "missing parts 1, 2")

    def test_a_url_is_for_one_part_and_may_not_be_changed(self) -> None:
        upload = self.begin("tampered.bin", 2 * PART)
        url = upload.sign()[0]["url"]
        if "X-Amz-Signature" in url:
            self.assertEqual(self.vendor.put(url.replace("partNumber=1", "partNumber=2"), b"x").status, 403)
        else:
            middle = len(url) - 60
            changed = url[:middle] + ("A" if url[middle] != "A" else "B") + url[middle + 1 :]
            self.refused(self.vendor.put(changed, b"x"), 403, "not valid")
            self.refused(wire.get(url), 403, "another method")

    def test_urls_lead_nowhere_after_the_end(self) -> None:
        content = noise(PART)
        upload = self.begin("over.bin", len(content))
        part = upload.sign()[0]
        self.assertEqual(upload.complete(upload.send(content)).status, 200)
        self.assertEqual(self.vendor.settled(upload.id)["attributes"]["status"], "UPLOADED")
        self.assertGreaterEqual(upload.put(part, noise(PART, 1)).status, 403)
        self.assertEqual(self.downloaded(upload.id), content)

    def test_deleting_the_artifact_ends_the_upload(self) -> None:
        content = noise(2 * PART)
        upload = self.begin("deleted.bin", len(content))
        upload.send(content, [1])
        part = upload.sign()[1]
        self.vendor.remove_artifact(upload.id)
        self.assertEqual(self.vendor.ask("POST", f"/artifacts/{upload.id}/actions/sign-parts").status, 404)
        self.assertEqual(upload.complete().status, 404)
        until(lambda: upload.put(part, content[PART:]).status in (404, 409), "the URL of the part is dead")

    def test_others_may_not_touch_an_upload(self) -> None:
        upload = self.begin("mine.bin", PART)
        path = f"/v1/artifacts/{upload.id}/actions/"
        for action in ("sign-parts", "complete-upload"):
            licensed = wire.Connection(self.server.url).request(
                "POST", path + action, None, wire.license_header(self.world.keys["basic"])
            )
            self.assertIn(licensed.status, (403, 404), licensed)
            anonymous = wire.Connection(self.server.url).request("POST", path + action)
            self.assertIn(anonymous.status, (401, 404), anonymous)
            # of another product
            product = self.vendor.create("products", {"name": f"Other {action}"})
            token = self.vendor.must("POST", f"/products/{product['id']}/tokens")["attributes"]["token"]
            stranger = wire.Connection(self.server.url).request("POST", path + action, None, wire.bearer(token))
            self.assertIn(stranger.status, (403, 404), stranger)

    def test_what_cannot_be_cut_up(self) -> None:
        link = {"release": {"data": {"type": "releases", "id": self.release}}}

        def ask(prefer: str, **attributes: object) -> wire.Answer:
            data = {"type": "artifacts", "attributes": {"filename": "odd.bin", **attributes}, "relationships": link}
            return self.vendor.ask("POST", "/artifacts", {"data": data}, {"Prefer": prefer})

        self.refused(ask("multipart"), 422, "/data/attributes/filesize")
        self.refused(ask("multipart", filesize=0), 422, "/data/attributes/filesize")
        self.refused(ask("multipart", filesize=(5 << 40) + 1), 422, "/data/attributes/filesize")
        self.refused(ask("multipart; part-size=1000", filesize=PART), 400, "between 5242880 and 5368709120")
        self.refused(ask("multipart; part-size=5MB", filesize=PART), 400, "whole number")
        self.refused(ask("multipart; part-size=5242880", filesize=1 << 40), 400, "at least 109951163 bytes")
        self.refused(ask("no-redirect", filesize=(5 << 30) + 1), 422, "Prefer: multipart")


class OnDisk(Parts, unittest.TestCase):
    @classmethod
    def start(cls) -> Server:
        return Server()

    def kept(self) -> list[str]:
        return [name for _, _, names in os.walk(self.server.data / "blobs" / "parts") for name in names]

    def test_parts_outlive_a_kill(self) -> None:
        content = noise(3 * PART + 5)
        with Server() as server:
            world = World(server)
            upload = PartsUpload(world.vendor, world.new_release("1.0.0"), "killed.bin", len(content), PART)
            tags = upload.send(content, [1, 3])
            server.kill()
            server.start()
            again = {part["number"]: part["etag"] for part in upload.sign() if part["etag"]}
            self.assertEqual(again, {number: tag.strip('"') for number, tag in tags.items()})
            upload.send(content, [2, 4])
            self.assertEqual(upload.complete().status, 200)
            server.kill()
            server.start()
            self.assertEqual(world.vendor.settled(upload.id)["attributes"]["status"], "UPLOADED")
            where = server.get(f"/v1/artifacts/{upload.id}", wire.license_header(world.keys["basic"]))
            self.assertEqual(wire.get(where.headers["Location"]).body, content)

    def test_nothing_is_left_of_an_upload_that_was_deleted(self) -> None:
        content = noise(PART)
        upload = self.begin("left.bin", len(content))
        upload.send(content)
        before = len(self.kept())
        self.vendor.remove_artifact(upload.id)
        until(lambda: len(self.kept()) == before - 2, "the part is gone")


class AtTheStore(Parts, unittest.TestCase):
    keeps_both = True

    @classmethod
    def start(cls) -> Server:
        store = seaweed.shared()
        return Server("--blobs", store.url("parts"), environment=store.environment())

    def test_the_bytes_do_not_pass_through_the_server(self) -> None:
        upload = self.begin("direct.bin", PART)
        self.assertTrue(upload.sign()[0]["url"].startswith(seaweed.shared().endpoint))


class ThroughTheServer(Parts, unittest.TestCase):
    keeps_both = True

    @classmethod
    def start(cls) -> Server:
        store = seaweed.shared()
        return Server("--blobs", store.url("parts-through"), "--delivery", "stream", environment=store.environment())

    def test_the_bytes_pass_through_the_server(self) -> None:
        upload = self.begin("through.bin", PART)
        self.assertTrue(upload.sign()[0]["url"].startswith(self.server.url))


if __name__ == "__main__":
    unittest.main()
