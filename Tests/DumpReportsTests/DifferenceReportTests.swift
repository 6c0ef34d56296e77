import JSON
import Testing

@testable import DumpReports

@Suite("A report of differences")
struct DifferenceReportTests {
  private static let guide = JournalDirectory.guide

  private static func report(_ differences: [CollectionDifferences.Difference], in name: String = "users")
    -> DifferenceReport
  {
    func count(_ matches: (CollectionDifferences.Difference) -> Bool) -> Int { differences.count(where: matches) }
    let collection = CollectionDifferences(
      name: name, removed: count { if case .removed = $0 { true } else { false } },
      changed: count { if case .changed = $0 { true } else { false } },
      added: count { if case .added = $0 { true } else { false } }
    ) { differences.forEach($0) }
    return DifferenceReport(
      from: .init(path: "/d/a.bin", createdAt: "2026-11-23T20:11:37Z", documents: 3),
      to: .init(path: "/d/b.bin", sequence: "3-17.204", createdAt: nil, documents: 4),
      differences.isEmpty ? [] : [collection], guide: guide)
  }

  private static func text(_ report: DifferenceReport) -> String {
    var lines: [String] = []
    report.writeText { lines.append($0) }
    return lines.joined(separator: "\n")
  }

  private static func json(_ report: DifferenceReport) throws -> (object: JSONObject, text: String) {
    var text = ""
    report.writeJSON { text += $0 }
    return (try JSONParser().parseObject(Array(text.utf8)), text)
  }

  private static func fields(_ before: JSONObject, _ after: JSONObject) -> [String] {
    FieldDifference.all(before, after, in: "users", guide).map(\.line)
  }

  @Test("groups documents by collection, and names them and their fields")
  func text() {
    let report = Self.report([
      .removed(["_id": "1", "username": "grace", "password": "hunter2", "n": 1]),
      .changed(
        before: ["username": "ada", "email": "a@example.com", "password": "$2b$x", "groups": ["ALL", "a"]],
        after: ["username": "ada", "email": "b@example.com", "password": "$2b$y", "groups": ["ALL", "b"]]),
      .added(["_id": "2", "note": "it was hunter2\n"]),
    ])
    #expect(
      Self.text(report) == """
        from  /d/a.bin  3 documents of 2026-11-23T20:11:37Z
        to    /d/b.bin@3-17.204  4 documents
        users  1 removed, 1 changed, 1 added
          - grace
              _id: "1"
              username: "grace"
              password: a secret
              n: 1
          ~ ada
              email: "a@example.com" -> "b@example.com"
              password: a secret, changed
              groups: +"b" -"a"
          + _id 2
              _id: "2"
              note: "it was ***\\n"
        1 removed, 1 changed, 1 added
        """)
    #expect(!report.isSame)
    #expect(Self.report([]).isSame && Self.text(Self.report([])).hasSuffix("\nno difference"))
  }

  @Test("has the same in JSON, with whole values and without any secret")
  func json() throws {
    let long = String(repeating: "ü", count: 10_000)
    let (object, text) = try Self.json(
      Self.report([
        .removed(["username": "grace", "password": "hunter2", "deep": ["password": ["hunter2"], "x": "hunter2"]]),
        .changed(
          before: ["username": "ada", "a": .string(long), "deep": ["password": "hunter2"]],
          after: ["username": "ada", "a": .string(long + "x"), "deep": ["password": "hunter3"]]),
      ]))
    #expect(!text.contains("hunter"))
    #expect(object["same"] == false && object["removed"] == 1 && object["changed"] == 1 && object["added"] == 0)
    #expect(object["to"] == ["path": "/d/b.bin", "sequence": "3-17.204", "created_at": .null, "documents": 4])
    let documents = try #require(object["collections"]?.array?.first?.object?["documents"]?.array)
    #expect(
      documents[0] == [
        "change": "removed", "name": ["grace"], "id": .null,
        "document": ["username": "grace", "password": "***", "deep": ["password": "***", "x": "***"]],
      ])
    let fields = try #require(documents[1].object?["fields"]?.array)
    #expect(fields[0].object?["after"] == .string(long + "x") && fields[0].object?["secret"] == false)
    #expect(fields[1] == ["path": ["deep", "password"], "change": "changed", "secret": true])
    let same = try Self.json(Self.report([])).object
    #expect(same["same"] == true && same["collections"] == [])
  }

  @Test("tells fields that came, went or changed, at any depth")
  func fields() {
    #expect(
      Self.fields(
        ["a": 1, "b": ["c": true, "d": ["e": .null]], "gone": [1]],
        ["b": ["d": ["e": "x"], "c": true], "a": 1, "new": [:]]
      ) == [#"b.d.e: null -> "x""#, "gone: removed [1]", "new: added {}"])
    #expect(Self.fields(["g": ["a", "b", "a"]], ["g": ["b", "a"]]) == [#"g: -"a""#])
    #expect(Self.fields(["g": ["a", "b"]], ["g": ["b", "a"]]) == ["g: the order of its 2 elements changed"])
    #expect(Self.fields(["g": ["a", 1]], ["g": ["a", 2]]) == [#"g: ["a",1] -> ["a",2]"#])
    #expect(Self.fields(["a b": 1], ["a b": 2]) == [#""a b": 1 -> 2"#])
  }

  @Test("says that a secret changed, came or went, and that one inside a value changed")
  func secrets() {
    #expect(Self.fields(["password": "a"], ["password": "b"]) == ["password: a secret, changed"])
    #expect(Self.fields([:], ["password": "b"]) == ["password: a secret, added"])
    #expect(Self.fields(["password": "b"], [:]) == ["password: a secret, removed"])
    #expect(
      Self.fields(["urls": [["password": "a"]]], ["urls": [["password": "b"]]])
        == [#"urls: [{"password":"***"}], in which a secret changed"#])
  }

  @Test("shortens long values, and shows the same beginnings as such")
  func long() {
    let long = String(repeating: "a", count: 1000)
    let lines = Self.fields(["t": .string(long)], ["t": .string(long + "b")])
    #expect(lines.count == 1 && lines[0].utf8.count < 500 && lines[0].contains("… (1002 bytes) -> "))
    #expect(
      Self.fields(["t": .string(long + "c")], ["t": .string(long + "b")])[0].hasSuffix(", changed behind what is shown")
    )
  }

  @Test("lets no control character of a document through")
  func controls() throws {
    let hostile = "\u{1B}]0;x\u{7}\u{9B}2J\r\n\u{7F}\u{2028}\u{202E}"
    let report = Self.report(
      [
        .added(JSONObject([("username", .string(hostile)), (hostile, .string(hostile))])),
        .changed(
          before: ["username": "a", "x": [.string(hostile)]],
          after: ["username": "a", "x": [.string(hostile + hostile)]]),
      ], in: hostile)
    for text in [Self.text(report), try Self.json(report).text] {
      let bad = text.unicodeScalars.filter {
        $0 != "\n" && [.control, .format, .lineSeparator].contains($0.properties.generalCategory)
      }
      #expect(bad.isEmpty && text.contains("\\u009b"))
    }
    let name = try Self.json(report).object["collections"]?.array?.first?.object?["name"]?.string
    #expect(name == hostile, "JSON keeps the text")
  }
}
