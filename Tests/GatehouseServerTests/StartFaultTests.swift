import Foundation
import Glibc
import Logging
import Model
import NIOCore
import Rules
import TestSupport
import Testing

@testable import DumpDirectory
@testable import GatehouseServer
@testable import Persistence
@testable import Threads

@Suite("Start faults")
struct StartFaultTests {
  private var operating: String {
    get throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      return try String(contentsOf: root.appending(path: "docs/operate/troubleshooting.md"), encoding: .utf8)
    }
  }

  /// One fault of each kind.
  private var faults: [StartFault] {
    let directory = [ENOENT, ENOTDIR, EACCES, EROFS, EIO, EMFILE, EEXIST].map {
      StartFault(preparing: DumpDirectoryError("open", "/data", errno: $0))
    }
    let loading = [EIO, EACCES, ENFILE].map {
      StartFault(loading: DumpDirectoryError(reading: "open", "/data", errno: $0))
    }
    let dumps = [Ladder.Fault.unreadable, .noKey, .unloadable].flatMap { fault in
      [false, true].map {
        StartFault(blockedBy: Ladder.Failure(path: "/data/x", fault: fault, isOfJournal: $0, reason: "a reason"))
      }
    }
    let listening = [EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE, EINVAL].map {
      StartFault(listening: IOError(errnoCode: $0, reason: "bind"), host: "h", port: 1)
    }
    return directory + loading + dumps + listening + [
      StartFault(ThreadError(number: EAGAIN)), StartFault(loading: ThreadError(number: EAGAIN)),
      StartFault(preparing: DumpDirectoryError(.outside, "x", "is no path")),
      StartFault(accounts: RuleViolation("X", "taken"), in: "/data/x.bin"),
      StartFault(accounts: RuleViolation("X", "taken"), in: nil), StartFault.noneLoads(3),
      StartFault.tokens("no key"),
    ]
  }

  @Test("have a line each in the page for operators, with the exit code, and the page has no other lines")
  func documented() throws {
    let rows = try operating.matches(of: /(?m)^\| `([^`]+)`[^|]*\| (\d+) \|$/).map {
      (words: String($0.output.1), code: Int32($0.output.2))
    }
    #expect(rows.count >= 20)
    var used: Set<String> = ["configuration: …"]
    for fault in faults {
      let row = rows.first { "\(fault.message)".hasPrefix($0.words) }
      #expect(row?.code == fault.code.rawValue, "\(fault.message)")
      used.formUnion(row.map { [$0.words] } ?? [])
      let hasRemedy = [
        "Set ", "set ", "raise ", "mount ", "give ", "check ", "Put ", "Start ", "Move ", "Raise ",
      ]
      .contains { "\(fault.message)".contains($0) }
      #expect(hasRemedy, "\(fault.message)")
    }
    #expect(Set(rows.map(\.words)) == used)
  }

  @Test("ask for the key first when no dump can be loaded, and name an empty start only to give the state up")
  func emptyStart() throws {
    let message = "\(StartFault.noneLoads(3).message)"
    let key = try #require(message.firstRange(of: "Set the key"))
    let words = "Only to give up the state in these dumps, set MEM_ALLOW_EMPTY_START"
    let end = try #require(message.firstRange(of: words))
    #expect(key.upperBound < end.lowerBound)
  }

  @Test("have exit codes that the page for operators explains, as it does every other code")
  func exitCodes() throws {
    let explained = try operating.matches(of: /(?m)^\| (\d+) \| [^|]+ \| [^|]+ \|$/).compactMap { Int32($0.output.1) }
    // 64 is the exit code for invalid arguments, which the argument parser sets.
    #expect(explained.sorted() == (ExitCode.allCases.map(\.rawValue) + [64]).sorted())
  }
}
