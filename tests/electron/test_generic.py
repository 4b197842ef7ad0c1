"""The generic provider: an app finds and downloads what its licence may have, and of that only what changed."""

import unittest
from urllib.parse import quote

from harness.wire import get, license_header
from harness.world import PAST
from shop import Scenario


class Deltas(Scenario):
    def pair(self, pattern: str = "App Setup {}.exe") -> tuple:
        line = self.line(pattern)
        old, new = line.build("1.0.0"), line.build("1.1.0", 7, 20, 21, 44)
        self.release("1.0.0", old)
        self.release("1.1.0", new)
        return old, new

    def ranges(self, done) -> list[dict]:
        return [request for request in done.requests if request["range"]]

    def test_several_ranges_in_one_request(self):
        old, new = self.pair()
        done = self.updates(self.app(old), new)
        (asked,) = self.ranges(done)
        self.assertIn(",", asked["range"])
        self.assertEqual((asked["status"], asked["authorized"]), (206, True))
        self.assertLess(done.fetched("1.1.0.exe"), new.size // 4)
        self.assertEqual([request["status"] for request in done.requests if "blockmap" in request["url"]], [200, 200])

    def test_one_range_in_each_request(self):
        old, new = self.pair()
        done = self.updates(self.app(old, useMultipleRangeRequest=False), new)
        asked = self.ranges(done)
        self.assertGreaterEqual(len(asked), 3)
        self.assertEqual({request["status"] for request in asked}, {206})
        self.assertLess(done.fetched("1.1.0.exe"), new.size // 4)

    def test_an_appimage_with_its_map_inside(self):
        old, new = self.pair("App-{}.AppImage")
        done = self.updates(self.app(old, updater="AppImageUpdater"), new)
        self.assertEqual(int(done.said["info"]["files"][0]["blockMapSize"]), new.block_map_size)
        self.assertLess(done.fetched("AppImage"), new.size // 4)

    def test_a_mac_s_zip(self):
        old, new = self.pair("App-{}-mac.zip")
        done = self.updates(self.app(old, updater="MacUpdater"), new)
        self.assertLess(done.fetched("1.1.0-mac.zip"), new.size // 4)

    def test_names_without_a_version_have_deltas_too(self):
        """The address of a file names its release, so that the old block map is not the new one."""
        old, new = self.pair("AppSetup.exe")
        done = self.updates(self.app(old), new)
        self.assertLess(done.fetched("AppSetup.exe"), new.size // 3)

    def test_the_map_of_a_withdrawn_version_is_still_there(self):
        line = self.line()
        old, new = line.build("1.0.0"), line.build("1.1.0", 3)
        withdrawn = self.release("1.0.0", old)
        self.release("1.1.0", new)
        self.vendor.act("releases", withdrawn, "yank")
        done = self.updates(self.app(old), new)
        self.assertLess(done.fetched("1.1.0.exe"), new.size // 4)
        whole = get(self.base() + quote(old.name), license_header(self.world.keys["basic"]))
        self.assertEqual(whole.status, 404, "the withdrawn installer itself is gone")

    def test_a_version_that_we_do_not_know_updates_without_delta(self):
        _, new = self.pair()
        stranger = self.line().build("0.9.0-custom.1")
        self.updates(self.app(stranger), new, whole=True)


class Licences(Scenario):
    def setUp(self) -> None:
        super().setUp()
        line = self.line(blocks=3)
        self.oldest, self.older, self.newest = line.build("1.0.0"), line.build("1.1.0", 1), line.build("2.0.0", 0, 2)
        self.release("1.0.0", self.oldest, backdated="2019-01-01T00:00:00.000Z")
        self.release("1.1.0", self.older, backdated="2019-06-01T00:00:00.000Z")
        self.release("2.0.0", self.newest, needs=None)

    def test_a_good_licence_finds_the_newest(self):
        self.updates(self.app(self.oldest), self.newest)

    def test_one_that_expired_before_the_newest_gets_the_newest_of_its_time(self):
        policy = self.world.new_policy("Perpetual", expirationStrategy="RESTRICT_ACCESS")
        _, key = self.world.new_license("PERPETUAL", policy=policy, expiry=PAST)
        self.updates(self.app(self.oldest, key), self.older)
        done = self.stays(self.app(self.older, key), "1.1.0")
        self.assertEqual(len(done.requests), 1)
        answer = get(self.base() + "latest.yml", license_header(key))
        self.assertIn("passed-over=2.0.0; reason=outside-window", answer.header("x-update-decision"))
        refused = get(self.base() + quote(self.newest.name), license_header(key))
        self.assertEqual(refused.status, 403, refused)

    def test_refusals_say_why(self):
        for who, status, text in (
            ("suspended", "HTTP_ERROR_403", "suspended"),
            ("expired", "HTTP_ERROR_403", "expired"),
            ("WRONG-KEY-0000", "HTTP_ERROR_401", "not known"),
            (None, "HTTP_ERROR_401", "licence key"),
        ):
            with self.subTest(who):
                done = self.fails(self.app(self.oldest, who), status, text)
                self.assertNotIn(self.world.keys.get(who, who) or "License", done.error)

    def test_an_entitled_release(self):
        line = self.line(blocks=2)
        pro = line.build("3.0.0")
        self.release("3.0.0", pro, needs=[self.world.pro])
        self.updates(self.app(self.oldest, "pro"), pro, whole=True)
        self.updates(self.app(self.oldest, "basic"), self.newest)

    def test_a_withdrawn_release_is_offered_no_more(self):
        bad = self.line(blocks=2).build("2.0.1")
        release = self.release("2.0.1", bad)
        self.updates(self.app(self.oldest), bad, whole=True)
        self.vendor.act("releases", release, "yank")
        self.updates(self.app(self.oldest), self.newest)
        self.stays(self.app(bad), "2.0.0")


class Choices(Scenario):
    def test_channels_and_platforms(self):
        exe, image, zip = self.line(blocks=1), self.line("App-{}.AppImage", 1), self.line("App-{}-mac.zip", 1)
        arm = self.line("App-{}-arm64.AppImage", 1)
        first = (exe.build("1.0.0"), image.build("1.0.0"), zip.build("1.0.0"), arm.build("1.0.0"))
        self.release("1.0.0", *first)
        windows_only = exe.build("1.1.0", 0)
        self.release("1.1.0", windows_only)
        beta = exe.build("1.2.0-beta.10", 0)
        self.release("1.2.0-beta.9", exe.build("1.2.0-beta.9", 0))
        self.release("1.2.0-beta.10", beta)
        self.updates(self.app("0.9.0"), windows_only, whole=True)
        self.updates(self.app("0.9.0", channel="stable"), windows_only, whole=True)
        self.updates(self.app("0.9.0", channel="beta"), beta, whole=True)
        self.updates(self.app("0.9.0", updater="MacUpdater"), first[2], whole=True)
        self.updates(self.app(self.line("App-{}.AppImage", 1).build("0.9.0"), updater="AppImageUpdater"), first[1], whole=True)
        answer = get(self.base() + "latest-linux-arm64.yml", license_header(self.world.keys["basic"]))
        self.assertIn("App-1.0.0-arm64.AppImage", answer.text())

    def test_nothing_for_the_platform(self):
        self.release("1.0.0", self.line(blocks=1).build("1.0.0"))
        done = self.fails(self.app("0.9.0", updater="MacUpdater"), "ERR_UPDATER_CHANNEL_FILE_NOT_FOUND")
        self.assertEqual([request["status"] for request in done.requests], [404])
        answer = get(self.base() + "latest-mac.yml", license_header(self.world.keys["basic"]))
        self.assertIn("reason=no-artifact", answer.header("x-update-decision"))
        self.assertIn("darwin", answer.text())
        self.assertEqual(get(self.base() + "latest.txt", license_header(self.world.keys["basic"])).status, 404)

    def test_published_before_it_is_uploaded(self):
        build = self.line(blocks=1).build("1.0.0")
        self.release("1.0.0", build)
        release = self.world.new_release("1.1.0", self.package)
        id, url = self.vendor.start_upload(release, "App Setup 1.1.0.exe")
        self.stays(self.app(build), "1.0.0")
        self.vendor.put(url, b"an installer")
        self.vendor.settled(id)
        self.assertEqual(self.app(build).update(onlyCheck=True).version, "1.1.0")

    def test_odd_names_and_notes(self):
        notes = 'Quote "this": 100%\n- größe: # no comment\n- `x` $(y) \u2028 🚀'
        for number, pattern in enumerate(('Bob\'s "App" {}.exe', "größe 日本 {} 100%.exe", "a+b#c?d&e=f;{}.exe", "$(x) `y` {}.exe")):
            with self.subTest(pattern):
                version = f"1.{number}.0"
                build = self.line(pattern, 1).build(version)
                self.release(version, build, name='The "big" one', description=notes)
                done = self.updates(self.app("0.9.0"), build, whole=True)
                self.assertEqual((done.said["info"]["releaseNotes"], done.said["info"]["releaseName"]), (notes, 'The "big" one'))

    def test_arches_of_windows(self):
        plain, arm = self.line(blocks=1), self.line("App Setup {}-arm64.exe", 1)
        builds = arm.build("1.0.0"), plain.build("1.0.0")
        self.release("1.0.0", *builds)
        self.updates(self.app("0.9.0"), builds[1], whole=True)


class Feeds(Scenario):
    def test_the_vendor_s_own_goes_first(self):
        line = self.line(blocks=20)
        old, new = line.build("1.0.0"), line.build("1.1.0", 1)
        self.release("1.0.0", old, feed="latest.yml")
        self.release("1.1.0", new, feed="latest.yml")
        done = self.updates(self.app(old), new)
        self.assertEqual(done.said["info"]["releaseDate"], "2026-01-01T00:00:00.000Z")
        self.assertLess(done.fetched("1.1.0.exe"), new.size // 2)
        self.vendor.update("packages", self.package, metadata={"generatedFeeds": True})
        done = self.updates(self.app(old), new)
        self.assertNotEqual(done.said["info"]["releaseDate"], "2026-01-01T00:00:00.000Z")
        self.vendor.update("packages", self.package, metadata={})
        self.assertEqual(self.app(old).update(onlyCheck=True).said["info"]["releaseDate"], "2026-01-01T00:00:00.000Z")

    def test_the_vendor_s_own_is_that_of_the_allowed_version(self):
        line = self.line(blocks=1)
        old, new = line.build("1.0.0"), line.build("1.1.0", 0)
        self.release("1.0.0", old, feed="latest.yml")
        self.release("1.1.0", new, feed="latest.yml", needs=[self.world.pro])
        self.updates(self.app("0.9.0", "basic"), old, whole=True)
        self.updates(self.app("0.9.0", "pro"), new, whole=True)

    def test_one_file_name_in_every_release(self):
        line = self.line("AppSetup.exe", 20)
        old, new, beta = line.build("1.0.0"), line.build("1.1.0", 1), line.build("1.2.0-beta.1", 2)
        self.release("1.0.0", old, feed="latest.yml")
        self.release("1.1.0", new, feed="latest.yml", needs=[self.world.pro])
        self.release("1.2.0-beta.1", beta, feed="beta.yml")
        self.updates(self.app("0.9.0", "basic"), old, whole=True)
        self.updates(self.app("0.9.0", "basic", channel="beta"), beta, whole=True)
        done = self.updates(self.app(old, "pro"), new)
        self.assertLess(done.fetched("AppSetup.exe"), new.size // 2)

    def test_a_feed_of_another_version_is_not_taken(self):
        build = self.line(blocks=1).build("1.1.0")
        release = self.world.new_release("1.2.0", self.package)
        artifact = self.vendor.upload(release, "latest.yml", build.feed().encode())
        self.assertEqual(artifact["attributes"]["status"], "FAILED")
        self.assertIn("version 1.1.0", artifact["attributes"]["failure"])

    def test_a_channel_of_the_vendor_s_own(self):
        build = self.line(blocks=1).build("1.1.0")
        self.release("1.1.0", build, feed="canary.yml")
        self.updates(self.app("0.9.0", channel="canary"), build, whole=True)
        self.fails(self.app("0.9.0", channel="nightly"), "ERR_UPDATER_CHANNEL_FILE_NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
