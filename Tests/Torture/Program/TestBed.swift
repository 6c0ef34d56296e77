import Foundation
import Glibc
import TestSupport
import TortureModel

/// The capabilities of this machine beyond plain processes. Rounds omit missing capabilities, and the program reports
/// them.
struct TestBed: Sendable {
  /// A library that, when preloaded, moves the wall clock of a process by `SKEW_SECONDS`.
  let skewedClock: URL?
  /// A library that, when preloaded, delays renames and syncs by up to `SLOW_MILLISECONDS`.
  let slowVolume: URL?
  /// A wrapper that makes a program see another kernel.
  let otherKernel: URL?
  /// Whether a volume can be a file system process, which can be stopped.
  private let canHang: Bool
  /// Whether a volume can be a small file system in memory.
  private let canBeFull: Bool
  let stalls = StallWatch()
  /// `MEM_JOURNAL` of all tasks.
  let journal: String
  /// Whether the judge takes each answer to a change for a promise.
  let isJudgedAsJournaled: Bool

  /// - Parameters:
  ///   - directory: the directory for compiled files.
  ///   - fault: a fault to put in, which decides in place of `journal`.
  init(in directory: URL, journal: String, _ fault: PlantedFault?) throws {
    switch fault {
    case .earlyAcknowledgement?: (self.journal, isJudgedAsJournaled) = ("interval", true)
    case nil: (self.journal, isJudgedAsJournaled) = (journal, journal == "always")
    }
    skewedClock = try Self.library("EndToEnd/Fixtures/skewed-clock", in: directory)
    slowVolume = try Self.library("Torture/Fixtures/slow-volume", in: directory)
    if skewedClock == nil || slowVolume == nil {
      say("skipped: shifted clocks and slow volumes, as there is no clang")
    }

    let id = directory.appending(path: "boot_id")
    try Data("11111111-2222-3333-4444-555555555555\n".utf8).write(to: id)
    let wrapper = directory.appending(path: "other-kernel")
    let script = """
      #!/bin/sh
      exec unshare --mount sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' \(id.path()) "$@"
      """
    try Data(script.utf8).write(to: wrapper)
    chmod(wrapper.path(), 0o755)
    otherKernel = try Self.run([wrapper.path(), "true"]) ? wrapper : nil
    if otherKernel == nil { say("skipped: a second kernel, as this process may not unshare its mounts") }

    canHang = HangingVolume(directory.appending(path: "hang"), over: directory.appending(path: "behind")) != nil
    if !canHang { say("skipped: volumes that hang, as there is no FUSE or no bindfs; they are plain directories") }
    canBeFull = SmallVolume(directory.appending(path: "small"), size: "1m") != nil
    if !canBeFull {
      say("skipped: volumes that get full, as this process may not mount a tmpfs; they are plain directories")
    }
    stalls.start()
  }

  /// The available kind of volume that replaces one.
  func volume(_ kind: Schedule.Volume) -> Schedule.Volume {
    switch kind {
    case .directory: .directory
    case .small: canBeFull ? .small : .directory
    case .sharedMount, .mountEach: canHang ? kind : .directory
    }
  }

  /// Compiles a fixture as a library to preload.
  ///
  /// - Parameter name: the path of its source below `Tests`, without `.c`.
  /// - Returns: `nil` where there is no clang.
  static func library(_ name: String, in directory: URL) throws -> URL? {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let library = directory.appending(path: "\(URL(filePath: name).lastPathComponent).so")
    let source = tests.appending(path: "\(name).c")
    return try run(["clang", "-shared", "-fPIC", "-o", library.path(), source.path()]) ? library : nil
  }

  private static func run(_ arguments: [String]) throws -> Bool {
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    return eventually(within: .seconds(60)) { process.isRunning ? nil : true } == true && process.terminationStatus == 0
  }
}
