@testable import DumpFormat

/// The contents of the files that the fuzzer begins with.
enum FuzzSamples {
  static let keyring = DMP2Samples.keyring

  static let groups: [(String, [String])] = [
    (
      "users",
      (0..<300).map { number in
        #"{"_id":"\#(number)","username":"user-\#(number)","n":[\#(number),-1.5e3,null],"t":"\#(String(repeating: "é", count: number % 40))"}"#
      }
    ), ("apis", []), ("na\"me", ["{}", #"{"q":"a\"b\\","d":{"x":[{}]}}"#]),
  ]

  static let contents = Contents(
    groups: groups.map(\.0), records: Dictionary(uniqueKeysWithValues: groups.filter { !$0.1.isEmpty }))

  static let counts = groups.map { DumpSummary.GroupCount(name: $0.0, records: $0.1.count) }

  static let journalHeader = JournalHeader(
    number: JournalNumber(.first), start: .dump(identity: "00ff"), createdAt: "2026-11-23T20:11:37Z",
    writer: "gatehouse/fuzz")

  static let commits: [JournalCommit] = (1...120).map { number in
    JournalCommit(
      number: number, time: 1_795_464_697_454_068 + number, actor: number % 3 == 0 ? nil : "ada",
      changes: (0..<number % 4).map { change in
        JournalChange(
          collection: "users", id: change == 2 ? nil : "u\(number)", before: change == 0 ? nil : UInt64(number),
          after: change == 1 ? nil : Array(#"{"_id":"u\#(number)","v":\#(change)}"#.utf8))
      })
  }

  /// Inputs to begin with, by the names of their files.
  static func seeds(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    switch target {
    case .dmp1:
      let header = DumpHeader(createdAt: "2026-01-02T03:04:05.678901Z", order: DMP2Samples.header.order)
      var writer = try DumpWriter(header: header, key: DMP2Samples.key, sink: BytesSink())
      for (name, records) in groups {
        try writer.beginGroup(name)
        for record in records { try Array(record.utf8).withUnsafeBytes { try writer.append(record: $0) } }
      }
      return [("whole", try writer.finish().1.bytes)]
    case .dmp2:
      return [
        ("zstd", try DMP2Samples.sealed(groups, chunkSize: 4096)),
        ("none", try DMP2Samples.sealed(groups, chunkSize: 4096, compression: .none)),
      ]
    case .journal:
      var sealer = try JournalSealer(journalHeader, key: DMP2Samples.key)
      var bytes = sealer.beginning
      for start in stride(from: 0, to: commits.count, by: 8) {
        var content: [UInt8] = []
        for commit in commits[start..<min(start + 8, commits.count)] { commit.encode(into: &content) }
        bytes += try sealer.seal(content)
      }
      return [("open", bytes), ("closed", try bytes + sealer.close())]
    case .text:
      let text =
        #" { "data" : { "a" : [ {"x": [1, "}"]} , {"y":"\"]"} ] , "b\u0041" : [ ] } , "note":{"n":[1]}, "created_at" : "t" , "version" : 1 } "#
      return [("tolerant", Array(text.utf8))]
    case .records:
      var content: [UInt8] = []
      for (name, records) in groups {
        Array(name.utf8).withUnsafeBytes { RecordBatch.append(.group, $0, to: &content) }
        for record in records.prefix(20) {
          Array(record.utf8).withUnsafeBytes { RecordBatch.append(.record, $0, to: &content) }
        }
      }
      return [("groups", content)]
    case .commits:
      var content: [UInt8] = []
      for commit in commits.prefix(8) { commit.encode(into: &content) }
      return [("eight", content)]
    case .headers:
      return [
        ("dump", DMP2Header(header: DMP2Samples.header(after: "00ff"), writer: "gatehouse/1").bytes),
        ("journal", journalHeader.bytes), ("trailer", DMP2Trailer.bytes(counts)),
      ]
    case .preamble:
      return [
        ("hkdf", Array(try DMP2Samples.sealed(groups, chunkSize: 4096).prefix(200))),
        ("scrypt", Array(try DMP2Samples.sealed(groups, chunkSize: 4096, key: DumpKey("short")).prefix(200))),
      ]
    case .frame:
      let content = [UInt8](groups.flatMap(\.1).joined().utf8)
      var frame = [UInt8](repeating: 0, count: ChunkCompressor.bound(content.count))
      let compressor = try ChunkCompressor()
      let size = try content.withUnsafeBytes { content in
        try frame.withUnsafeMutableBytes { try compressor.compress(content, into: $0) }
      }
      return [("whole", Array(frame[..<size]))]
    }
  }
}
