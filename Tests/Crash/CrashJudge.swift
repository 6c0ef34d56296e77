import DocumentStore
import DumpDirectory
package import DumpFormat
package import Foundation
import Glibc
import JSON
import Persistence
import TestSupport

/// Restores what crashes leave of a recorded workload, and compares it with what was acknowledged.
package struct CrashJudge {
  /// One broken promise.
  package struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// The ways to break it.
    package enum Kind: Sendable {
      /// A restored state lacks acknowledged changes.
      case lostChange
      /// A start is refused.
      case refusedStart
      /// The restored state is none that a store had.
      case foreignState
      /// Two contents of a file have one counter of the encryption.
      case repeatedCounter
      /// The workload itself saw it, before any crash.
      case workload
    }

    /// The way in which it is broken.
    package let kind: Kind
    /// The place, and the details.
    package let description: String
  }

  /// The outcome of a number of crashes.
  package struct Verdict: Sendable {
    /// Crashes that left different files.
    package var states = 0
    /// Operations after each of which crashes were tried.
    package var prefixes = 0
    /// Broken promises.
    package var violations: [Violation] = []

    /// Begins with no crash.
    package init() {}

    /// Adds the outcome of another workload.
    package mutating func add(_ other: Verdict) {
      states += other.states
      prefixes += other.prefixes
      violations += other.violations
    }
  }

  private let root: URL
  private let directory: DumpDirectory
  private var present: [String: [UInt8]] = [:]

  /// Uses a directory, which should be on a volume in memory.
  package init(in root: URL) throws {
    self.root = root
    directory = DumpDirectory(try DumpLocation(path: "generated/d.bin", workingDirectory: root.path()))
    try directory.prepare()
  }

  /// Records a workload and judges the crashes in it.
  ///
  /// - Parameters:
  ///   - variants: the number of crashes after each operation.
  ///   - format: the format of the dumps, which the seed decides when it is `nil`.
  package static func run(
    seed: UInt64, steps: Int, variants: Int, format: DumpFormatName? = nil, _ sabotage: RecordedVolume.Sabotage? = nil
  ) async throws -> Verdict {
    let format = format ?? CrashWorkload.format(of: seed)
    let memory = URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    let parent = access(memory.path(), W_OK) == 0 ? memory : FileManager.default.temporaryDirectory
    let root = parent.appending(path: "gatehouse-crash-\(UUID().uuidString)").resolvingSymlinksInPath()
    let (live, copy) = (root.appending(path: "live"), root.appending(path: "copy"))
    for directory in [live, copy] {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }
    defer { try? FileManager.default.removeItem(at: root) }
    do {
      let recording = try await CrashWorkload.record(seed: seed, steps: steps, in: live, format: format, sabotage)
      var judge = try CrashJudge(in: copy)
      return try judge.judge(recording, seed: seed, variants: variants)
    } catch let refused as CrashWorkload.Refused {
      var verdict = Verdict()
      verdict.violations = [
        Violation(kind: .workload, description: "\(name(seed, format)): \(refused.outcome)")
      ]
      return verdict
    }
  }

  /// Judges the crashes in a workload.
  ///
  /// - Parameter variants: the number of crashes after each operation.
  package mutating func judge(
    _ recording: CrashWorkload.Recording, seed: UInt64, variants: Int
  ) throws -> Verdict {
    var verdict = Verdict()
    let name = Self.name(seed, recording.format)
    verdict.violations = recording.violations.map { Violation(kind: .workload, description: "\(name): \($0)") }
    verdict.violations += Self.repeatedCounters(recording, seed)
    var volume = CrashedVolume()
    var acknowledged = 0
    var marks = recording.marks[...]
    for number in 0...recording.operations.count {
      if number > 0 { volume.apply(recording.operations[number - 1]) }
      while let mark = marks.first, mark.operations <= number {
        acknowledged = max(acknowledged, mark.node)
        marks.removeFirst()
      }
      verdict.prefixes += 1
      var seen: Set<Int> = []
      for variant in 0..<(volume.isSettled ? 1 : variants) {
        var generator = SeededGenerator(seed: seed << 32 ^ UInt64(number) << 12 ^ UInt64(variant))
        let (files, choice) = volume.survivors(using: &generator)
        guard seen.insert(choice).inserted else { continue }
        verdict.states += 1
        if let (kind, sentence) = try fault(files, acknowledged, recording.history) {
          let place = "\(name), operation \(number), variant \(variant)"
          verdict.violations.append(Violation(kind: kind, description: "\(place): \(sentence)"))
        }
      }
    }
    return verdict
  }

  private static func name(_ seed: UInt64, _ format: DumpFormatName) -> String { "seed \(seed) (\(format.label))" }

  /// Restores files.
  ///
  /// - Returns: what is wrong with the state, or `nil`.
  private mutating func fault(
    _ files: [String: [UInt8]], _ acknowledged: Int, _ history: StateHistory
  ) throws -> (kind: Violation.Kind, sentence: String)? {
    try put(files)
    let store = DocumentStore(schemas: CrashTask.schemas)
    switch try CrashTask.ladder(directory).restoreNewest() {
    case .nothingThere: break
    case .restored(let restored, _): _ = store.replaceAll(with: restored.contents) { _, _ in }
    case .blocked(let failure, _): return (.refusedStart, "the start is refused: \(failure)")
    case .noneLoads(let failures): return (.refusedStart, "the start is refused: \(failures)")
    }
    guard let node = history.node(StateHistory.contents(store.snapshot())) else {
      return (.foreignState, "the restored state is none that the store had")
    }
    guard history.leads(from: acknowledged, to: node) else {
      let lack = "state \(node) is restored, which lacks changes of state \(acknowledged), which was acknowledged"
      return (.lostChange, lack)
    }
    return nil
  }

  private mutating func put(_ files: [String: [UInt8]]) throws {
    func path(_ name: String) -> String { "\(directory.location.directory)/\(name)" }
    for name in present.keys where files[name] == nil { unlink(path(name)) }
    for (name, bytes) in files where present[name] != bytes {
      let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      let count = write(descriptor, bytes, bytes.count)
      close(descriptor)
      guard count == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    }
    present = files
  }

  /// Finds chunks of one file that have the same counter and other bytes: two contents under one nonce.
  private static func repeatedCounters(_ recording: CrashWorkload.Recording, _ seed: UInt64) -> [Violation] {
    let name = Self.name(seed, recording.format)
    var chunks: [[UInt64]: [UInt8]] = [:]
    var violations: [Violation] = []
    for case .write(let file, _, let bytes) in recording.operations {
      let isBeginning = [SealedFileKind.dump, .journal].contains { bytes.starts(with: $0.magic) }
      var offset = isBeginning ? SealedPreamble.size : 0
      while let header = ChunkHeader(bytes.dropFirst(offset).prefix(ChunkHeader.size)) {
        // The other end of the counter is the mark of the last chunk, which is part of the nonce.
        let place = [UInt64(file), header.counter, header.isLast ? 1 : 0]
        let chunk = Array(bytes.dropFirst(offset).prefix(header.chunkSize))
        let known = chunks[place, default: []]
        if !known.starts(with: chunk), !chunk.starts(with: known) {
          let sentence = "file \(file) has two chunks \(header.counter) with different bytes"
          violations.append(Violation(kind: .repeatedCounter, description: "\(name): \(sentence)"))
        }
        if chunk.count > known.count { chunks[place] = chunk }
        offset += header.chunkSize
      }
    }
    return violations
  }
}
