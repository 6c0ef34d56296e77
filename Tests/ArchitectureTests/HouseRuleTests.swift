import Foundation
import Testing

@Suite("The house rules")
struct HouseRuleTests {
  @Test("keep every deployment tool's file to at most 300 lines")
  func fileLength() throws {
    for file in Repository.files(below: "ecs", suffix: ".py") {
      let faults = SourceRule.length.faults(inText: try Repository.text(file))
      #expect(faults == [], "\(file)")
    }
  }

  @Test("keep all of Foundation out of the sources")
  func foundation() throws {
    for file in Repository.files(below: "Sources", suffix: ".swift") {
      #expect(!ArrowCheck.imports(inSource: try Repository.text(file)).contains("Foundation"), "\(file)")
    }
  }

  @Test("keep force and escape hatches out of the sources")
  func escapeHatches() throws {
    let pattern = /(^|[^a-zA-Z_])(try!|as!|fatalError\(|nonisolated\(unsafe\)|TODO|FIXME)/
    for file in Repository.files(below: "Sources", suffix: ".swift") {
      for line in try Repository.text(file).split(separator: "\n") {
        #expect(line.firstMatch(of: pattern) == nil, "\(file): \(line)")
      }
    }
  }

  /// Ways to the environment. `Settings` alone uses them.
  private static var environment: Regex<Substring> {
    /getenv\(|setenv\(|\benviron\b|ProcessInfo|CommandLine\.environment/
  }

  @Test("keep the environment to `Settings`, which alone reads it")
  func environment() throws {
    for file in Repository.files(below: "Sources", suffix: ".swift") where !file.hasPrefix("Sources/Settings/") {
      for line in try Repository.text(file).split(separator: "\n") {
        #expect(line.firstMatch(of: Self.environment) == nil, "\(file): \(line)")
      }
    }
    for seed in ["getenv(\"HOME\")", "ProcessInfo.processInfo.environment", "open(\"/proc/self/environ\")"] {
      #expect(seed.firstMatch(of: Self.environment) != nil)
    }
  }

  /// Types that claim `Sendable` without the compiler's proof, by file.
  private static let claims = [
    "Sources/DocumentStore/FlatIndex.swift": 1, "Sources/DocumentStore/TrieNode.swift": 2,
    "Sources/DumpFormat/DMP2/ChunkCompressor.swift": 1, "Sources/Threads/Wakeup.swift": 1,
  ]

  @Test("keep claims of `@unchecked Sendable` to the counted ones, each below a comment with its proof")
  func uncheckedClaims() throws {
    for file in Repository.files(below: "Sources", suffix: ".swift") {
      let claims = UncheckedClaims(source: try Repository.text(file))
      #expect(claims.count == Self.claims[file, default: 0], "\(file)")
      #expect(claims.withoutProof == [], "\(file)")
    }
  }

  @Test("find a claim without a proof")
  func seededClaims() {
    let source =
      "// Sendable: it never\n// changes.\nfinal class A: @unchecked Sendable {\n}\nclass B: @unchecked Sendable {}\n"
    let claims = UncheckedClaims(source: source)
    #expect(claims.count == 2)
    #expect(claims.withoutProof == ["class B: @unchecked Sendable {}"])
  }

  /// Modules that hold names and keys from outside, and in which no dictionary needs others.
  private static let modulesOfText = [
    "JSON", "DocumentStore", "Model", "Rules", "DumpFormat", "Persistence", "RateLimiting", "Retention", "DumpReports",
    "Sidecar/Drain", "Sidecar/ECS", "Sidecar/Gateway", "Sidecar/Observability", "Sidecar/Offsite",
    "Sidecar/Verification", "Sidecar/Volume", "Sidecar/Watch",
  ]

  @Test("keep text from outside from being told apart as Unicode does: dictionaries and sets take it as `UTF8Key`")
  func textKeys() throws {
    let pattern = /\[String *: |Set<String>|Dictionary<String|uniqueKeysWithValues/
    for module in Self.modulesOfText {
      let files = Repository.files(below: "Sources/\(module)", suffix: ".swift")
      #expect(!files.isEmpty)
      for file in files {
        for line in try Repository.text(file).split(separator: "\n") {
          #expect(line.firstMatch(of: pattern) == nil, "\(file): \(line)")
        }
      }
    }
  }

  @Test("keep every lock in the thread sanitizer's build in the form that it sees: `Lock`, never `Mutex`")
  func visibleLocks() throws {
    let script = try Repository.text("scripts/test-threads")
    let modules = script.matches(of: /for module in ([^;]+); do\n[^\n]*\/(Sources|Tests)\//)
      .flatMap { match in match.output.1.split(separator: " ").map { "\(match.output.2)/\($0)" } }
    #expect(modules.contains("Sources/DumpFormat") && modules.contains("Tests/ThreadsTests"))
    for module in modules {
      for file in Repository.files(below: module, suffix: ".swift") where file != "Sources/Threads/Lock.swift" {
        #expect(try !Repository.text(file).contains(/\bMutex\b/), "\(file)")
      }
    }
  }

  @Test("keep tasks, actors and locks out of a call's way through the data plane")
  func wayOfCalls() throws {
    let pattern = /\b(Task|actor|await|Mutex|Lock|withLock|DispatchQueue)\b/
    for folder in ["Call", "Proxy"] {
      let files = Repository.files(below: "Sources/Gateway/\(folder)", suffix: ".swift")
      #expect(files.count > 3)
      for file in files {
        for line in try Repository.text(file).split(separator: "\n")
        where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
          #expect(line.firstMatch(of: pattern) == nil, "\(file): \(line)")
        }
      }
    }
  }

  @Test("keep the links of the pages whole")
  func links() throws {
    let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"] + Repository.files(below: "docs", suffix: ".md")
    for page in pages {
      let directory = Repository.root.appending(path: page).deletingLastPathComponent()
      for match in try Repository.text(page).matches(of: /\]\(([^)#:]+)(#[^)]*)?\)/) {
        let target = directory.appending(path: String(match.output.1)).path()
        #expect(FileManager.default.fileExists(atPath: target), "\(page) links to \(match.output.1)")
      }
    }
  }
}
