import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import JSON
import Logging
import Retention
import TestSupport
import Testing
import Threads

@testable import Sidecar

@Suite("What the sidecar reads and decides")
struct ValueTests {
  @Test(
    "a token's end is read from its claims, and from nothing else",
    arguments: [
      // {"sub":"a","exp":1795556465}, {"exp":1795556465.7}, {}, and what is no token.
      ("h.eyJzdWIiOiJhIiwiZXhwIjoxNzk1NTU2NDY1fQ.s", 1_795_556_465), ("h.eyJleHAiOjE3OTU1NTY0NjUuN30.s", 1_795_556_465),
      ("h.e30.s", nil), ("abc", nil), ("a.b.c", nil), ("a.!!.c", nil), ("", nil),
    ])
  func tokenExpiry(token: String, seconds: Int?) {
    #expect(TokenExpiry.seconds(of: token) == seconds)
  }

  @Test("the dump's answer is read in the plain and in the strict envelope, ours and the peer's")
  func dumpAnswer() throws {
    let ours = try #require(
      DumpAnswer(
        Array(
          #"{"response":{"path":"/g/a.bin","sha256":"ab","bytes":3,"documents":2,"collections":{"users":2},"created_at":"t"}}"#
            .utf8)))
    #expect(ours.name == "a.bin")
    #expect(ours.documents == 2)
    #expect(ours.collections == [UTF8Key("users"): 2])
    let alike = #"{"path":"/g/c.bin","collections":{"caf\u00e9":1,"cafe\u0301":2}}"#
    #expect(DumpAnswer(Array(alike.utf8))?.collections == [UTF8Key("caf\u{E9}"): 1, UTF8Key("cafe\u{301}"): 2])
    let strict = DumpAnswer(Array(#"{"status_code":200,"response":{"path":"/g/b.bin"}}"#.utf8))
    #expect(strict?.path == "/g/b.bin")
    #expect(strict?.sha256 == nil)
    for text in ["", "[]", "{}", #"{"response":{}}"#, #"{"response":{"path":""}}"#, #"{"response":{"path":1}}"#] {
      #expect(DumpAnswer(Array(text.utf8)) == nil)
    }
  }

  @Test("pauses between tries grow up to their bound, and are never the same for all")
  func pauses() {
    var generator = SeededGenerator(seed: 1)
    var pause = RetryPause(first: .milliseconds(100), longest: .seconds(3))
    let pauses = (0..<50).map { _ in pause.next(using: &generator) }
    for (number, pause) in pauses.enumerated() {
      let bound = min(Duration.seconds(3), .milliseconds(100) * (1 << min(number, 10)))
      #expect(pause >= bound * 0.1 && pause <= bound)
    }
    #expect(Set(pauses).count == 50)
  }

  @Test("a clock that jumps is not trusted for a while, one that is corrected is")
  func clockJumps() {
    var watch = ClockWatch()
    #expect(watch.read(wall: 1000, steady: .seconds(0)) == .trusted(now: 1000))
    #expect(watch.read(wall: 1025, steady: .seconds(10)) == .trusted(now: 1025))
    guard case .untrusted(let reason) = watch.read(wall: 5000, steady: .seconds(20)) else {
      Issue.record("it is trusted")
      return
    }
    #expect(reason.contains("forward by 3965 s"))
    guard case .untrusted = watch.read(wall: 8000, steady: .seconds(3020)) else {
      Issue.record("it is trusted too soon")
      return
    }
    #expect(watch.read(wall: 8601, steady: .seconds(3621)) == .trusted(now: 8601))
    guard case .untrusted(let back) = watch.read(wall: 10, steady: .seconds(3622)) else {
      Issue.record("it is trusted")
      return
    }
    #expect(back.contains("back by"))
  }

  @Test("times of dumps are read to the second, and nothing else is a time")
  func times() {
    #expect(CivilTime.unixSeconds(of: "1970-01-01T00:00:00Z") == 0)
    #expect(CivilTime.unixSeconds(of: "2026-11-23T20:11:37.454068Z") == 1_795_464_697)
    #expect(CivilTime.unixSeconds(of: "2000-02-29T23:59:59Z") == 951_868_799)
    for text in [
      "", "2026-11-23T20:11:37", "2026-11-23 20:11:37Z", "2026-13-01T00:00:00Z", "2026-11-23T20:11:37.xZ", "tomorrow",
    ] {
      #expect(CivilTime.unixSeconds(of: text) == nil)
    }
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<1000 {
      let seconds = Int.random(in: 0..<253_402_300_800, using: &generator)
      #expect(CivilTime.unixSeconds(of: CivilTime(unixSeconds: seconds).extended(microseconds: 7)) == seconds)
    }
  }

  @Test("notes come back as they were written, and damaged ones are none")
  func notes() throws {
    var notes = SidecarNotes()
    let good = Verification.good(
      .init(
        header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"), documents: 3, sha256: "ab",
        collections: [.init(name: "users", documents: 3)]))
    let keys = KeyMarks(["k1", "k2"])
    notes.note(good, of: "a.bin", .init(bytes: 1, modifiedAt: 2, inode: .max), keys)
    notes.note(.damaged("torn"), of: "b.bin", .init(bytes: 1, modifiedAt: 2, inode: 3), keys)
    notes.note(.unopened("sealed"), of: "c.bin", .init(bytes: 1, modifiedAt: 2, inode: 4), keys)
    notes.accepted = ["a.bin"]
    notes.copied = ["b.bin"]
    let bytes = JSONWriter.bytes(notes.json)
    #expect(SidecarNotes(bytes) == notes)
    // Nobody without the key can write notes that are believed.
    let key = DumpKey("sealing-key-abc")
    let sealed = try notes.sealed(key)
    #expect(SidecarNotes(sealed: sealed, key) == notes)
    #expect(SidecarNotes(sealed: sealed, DumpKey("another-key")) == nil)
    #expect(SidecarNotes(sealed: sealed, DumpKeyring(sealing: DumpKey("another-key"), older: [key])) == notes)
    #expect(SidecarNotes(sealed: bytes, key) == nil)
    for place in sealed.indices {
      var forged = sealed
      forged[place] ^= 1
      #expect(SidecarNotes(sealed: forged, key) == nil)
    }
    notes.keep(only: ["b.bin"])
    #expect(notes.dumps.keys.sorted() == ["b.bin"])
    #expect(notes.accepted.isEmpty)
    for length in 0..<bytes.count { #expect(SidecarNotes(Array(bytes[..<length])) == nil) }
    // Whatever bytes are there, they are notes or none.
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      _ = SidecarNotes(damaged)
    }
  }

  @Test("that a dump does not open holds for these keys and fewer, and says nothing against what more keys opened")
  func verdictsOfKeys() throws {
    let file = FileIdentity(bytes: 1, modifiedAt: 2, inode: 3)
    let (old, new, both) = (KeyMarks(["old"]), KeyMarks(["new"]), KeyMarks(["old", "new"]))
    let good = Verification.good(
      .init(
        header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"), documents: 3, sha256: "ab",
        collections: []))
    var notes = SidecarNotes()
    notes.note(.unopened("x"), of: "a.bin", file, new)
    #expect(notes.verification(of: "a.bin", file, new) == .unopened("x"))
    #expect(notes.verification(of: "a.bin", file, both) == nil)
    #expect(notes.verification(of: "a.bin", file, old) == nil)
    notes.note(good, of: "a.bin", file, both)
    #expect(notes.verification(of: "a.bin", file, new) == good)
    notes.note(.unopened("y"), of: "a.bin", file, new)
    #expect(notes.verification(of: "a.bin", file, both) == good)
    // The keys that opened it no longer do, or it is another file by now: it is damaged.
    var changed = notes
    changed.note(.unopened("z"), of: "a.bin", .init(bytes: 1, modifiedAt: 9, inode: 3), new)
    #expect(changed.dumps["a.bin"]?.verification == .unopened("z"))
    notes.note(.unopened("z"), of: "a.bin", file, both)
    #expect(notes.verification(of: "a.bin", file, both) == .unopened("z"))
    // What was noted before keys were is read again.
    let before = Array(
      #"{"version":1,"dumps":{"a.bin":{"bytes":1,"modified_at_ns":2,"inode":"3","error":"torn"}}}"#.utf8)
    #expect(try #require(SidecarNotes(before)).verification(of: "a.bin", file, old) == nil)
    let marks = try KeyMarks(DumpKeyring(sealing: DumpKey("sealing-key-abc"), older: [DumpKey("old-key-abc")]))
    #expect(try KeyMarks(DumpKeyring(sealing: DumpKey("old-key-abc"))).isSubset(of: marks))
    #expect(marks.texts.count == 2)
    #expect(!marks.texts.joined().contains("key"))
  }

  @Test(
    "only memory of which the file has a copy is given back",
    arguments: [
      ("55a751c98000-55a752484000 r-xp 00000000 fe:00 1234                       /usr/bin/x", true),
      ("7f0000000000-7f0000001000 r--p 00000000 fe:00 1234 /usr/lib/libx.so", true),
      ("7f0000000000-7f0000001000 r--p 00001000 fe:00 1234 /usr/lib/libx.so", false),
      ("7f0000000000-7f0000001000 rw-p 00000000 fe:00 1234 /usr/lib/libx.so", false),
      ("7f0000000000-7f0000001000 r-xp 00000000 00:00 0 [vdso]", false),
      ("7f0000000000-7f0000001000 r-xp 00000000 00:00 0", false), ("nonsense", false), ("", false),
    ])
  func residentMemory(line: String, isGivenBack: Bool) {
    #expect((ResidentMemory.range(of: Substring(line)) != nil) == isGivenBack)
  }

  @Test("Prometheus is told in its own format")
  func metrics() throws {
    let metrics = SidecarMetrics()
    metrics.change {
      $0.newestVerified = .init(createdAt: 1000, bytes: 5, documents: 2)
      $0.drains["drained"] = 1
      $0.isOffsite = true
      $0.newestCopied = 940
    }
    metrics.countFailure("volume")
    let text = metrics.snapshot.text(now: 1060)
    for line in [
      "gatehouse_sidecar_newest_verified_dump_age_seconds 60", "gatehouse_sidecar_newest_verified_dump_bytes 5",
      "gatehouse_sidecar_failures_total{cause=\"volume\"} 1", "gatehouse_sidecar_drains_total{outcome=\"drained\"} 1",
      "gatehouse_sidecar_offsite_lag_seconds 60", "# TYPE gatehouse_sidecar_dumps gauge",
    ] {
      #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
    }
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      #expect(line.wholeMatch(of: /gatehouse_sidecar_[a-z_]+(\{[a-z]+="[a-z_]+"\})? [0-9]+/) != nil, "\(line)")
    }
  }

  @Test("the watch counts as going on for as long as its drain may take")
  func turns() {
    let metrics = SidecarMetrics()
    metrics.noteTurn(lasting: .seconds(-61))
    #expect(!metrics.isFresh)
    metrics.noteTurn(lasting: .seconds(115))
    #expect(metrics.isFresh)
  }

  @Test("a line of the log has the same figures, under names that a filter of logs can read")
  func status() {
    let metrics = SidecarMetrics()
    #expect(
      Set(metrics.snapshot.status(now: 1060).keys)
        == [
          "service_ready", "service_writer", "dumps", "dump_bytes", "damaged_dumps", "unverified_dumps",
          "volume_busy_seconds",
        ])
    metrics.change {
      $0.newestVerified = .init(createdAt: 1000, bytes: 5, documents: 2)
      $0.isServiceReady = true
      $0.isOffsite = true
      $0.newestCopied = 940
    }
    let line = metrics.snapshot.status(now: 1060)
    #expect(line["dump_age_seconds"] == .stringConvertible(60))
    #expect(line["service_ready"] == .stringConvertible(1))
    #expect(line["offsite_lag_seconds"] == .stringConvertible(60))
  }

  @Test("health tells well from not well")
  func health() {
    let entry = { (verification: Verification?) in
      KnownDump(entry: DumpEntry(path: "/x/a.bin"), identity: nil, verification: verification)
    }
    let good = Verification.good(
      .init(
        header: DumpHeader(createdAt: "1970-01-01T00:10:00Z"), documents: 1, sha256: "",
        collections: []))
    #expect(Health(.done([]), maximumAge: 5, now: 1000).isWell)
    #expect(Health(.done([entry(good)]), maximumAge: nil, now: 100_000).isWell)
    #expect(Health(.done([entry(good)]), maximumAge: 400, now: 1000).isWell)
    #expect(!Health(.done([entry(good)]), maximumAge: 399, now: 1000).isWell)
    #expect(!Health(.done([entry(.damaged("x")), entry(good)]), maximumAge: nil, now: 1000).isWell)
    #expect(Health(.done([entry(nil), entry(good)]), maximumAge: nil, now: 1000).isWell)
    #expect(!Health(.done([entry(nil)]), maximumAge: 10, now: 1000).isWell)
    #expect(!Health(.late, maximumAge: nil, now: 1000).isWell)
  }
}
