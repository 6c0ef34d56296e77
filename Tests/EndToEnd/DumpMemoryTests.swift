import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The memory for dumps")
struct DumpMemoryTests {
  private static let documentSize = 16 << 10

  /// Digits that hardly compress: a chunk has none of them twice.
  private static let digits: [UInt8] = {
    var generator = SeededGenerator(seed: 1)
    var digits: [UInt8] = []
    while digits.count < 2 << 20 {
      var number = generator.next()
      for _ in 0..<10 {
        digits.append(0x30 + UInt8(number & 0x3F))
        number >>= 6
      }
    }
    // A backslash would need another one in JSON.
    return digits.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "z") : $0 }
  }()

  /// Writes a DMP2 dump with so many MiB of documents.
  private func write(_ mebibytes: Int, in directory: URL) throws {
    let location = try DumpLocation(path: directory.path() + "/memory_dump.bin", workingDirectory: "/")
    let dumps = DumpDirectory(location)
    try dumps.prepare()
    var dump = try dumps.beginDump(to: location, at: 1_795_464_697) { file in
      try DumpWriter(
        header: DumpHeader(format: .dmp2, createdAt: "2026-11-23T20:11:37Z"),
        key: DumpKey(GatehouseProcess.encryptionKey), sink: file)
    }
    try dump.beginGroup("users")
    let size = Self.documentSize
    for number in 0..<((mebibytes << 20) / size) {
      let start = (number * size) % (Self.digits.count - size)
      var document = Array(#"{"_id":"\#(number)","text":""#.utf8)
      document.append(contentsOf: Self.digits[start..<(start + size)])
      document.append(contentsOf: #""}"#.utf8)
      try document.withUnsafeBytes { try dump.append($0) }
    }
    _ = try dump.seal().publish()
  }

  /// The most resident memory of a conversion from DMP2 to DMP2, in MiB.
  private func peak(_ mebibytes: Int, in root: URL) throws -> Int {
    let directory = root.appending(path: "of-\(mebibytes)")
    try write(mebibytes, in: directory)
    let peak = root.appending(path: "peak-\(mebibytes)")
    let wrapper = root.appending(path: "measure-\(mebibytes)")
    // The kernel keeps the highest value of a process that has ended, in KiB.
    let script = """
      #!/usr/bin/env python3
      import resource, subprocess, sys
      code = subprocess.run(sys.argv[1:]).returncode
      with open("\(peak.path())", "w") as file:
          file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
      sys.exit(code)
      """
    try Data(script.utf8).write(to: wrapper)
    chmod(wrapper.path(), 0o755)
    let arguments = ["dump", "convert", "--format", "dmp2", "--into", root.appending(path: "to-\(mebibytes)").path()]
    let process = try GatehouseProcess(dumps: directory, arguments: arguments, through: wrapper)
    guard try process.waitForExit(within: .seconds(600)) == 0 else { throw HTTPFailure(description: process.log) }
    let kibibytes = try String(contentsOf: peak, encoding: .utf8)
    return try #require(Int(kibibytes)) / 1024
  }

  @Test("of a conversion does not grow with the dump")
  func conversion() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      // The smaller one fills all chunks that are on their way at a time, too.
      let (small, large) = (try peak(24, in: root), try peak(200, in: root))
      #expect(large - small < 48, "\(small) MiB for 24 MiB, \(large) MiB for 200 MiB")
    }
  }

  @Test("of a gateway does not grow with their number")
  func number() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let directory = root.appending(path: "generated")
      try write(24, in: directory)
      let gatehouse = try GatehouseProcess(dumps: directory)
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      func dump() throws {
        let answer = try gatehouse.send("POST", "/platform/memory/dump", token: token)
        try #require(answer.status == 200, "\(answer.text)")
      }
      for _ in 0..<2 { try dump() }
      let before = try gatehouse.residentMemory() >> 20
      for _ in 0..<12 { try dump() }
      let after = try gatehouse.residentMemory() >> 20
      // Each dump begins three threads. The memory of their chunks would stay with each: 100 MiB and more.
      #expect(after - before < 40, "\(before) MiB, then \(after) MiB")
      #expect(try gatehouse.stop() == 0)
    }
  }
}
