import Foundation
import JSON
import TestSupport

/// The files of this repository, found from where this file was compiled.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Paths below a directory, relative to the root.
  static func files(below directory: String, suffix: String) -> [String] {
    let enumerator = FileManager.default.enumerator(atPath: root.appending(path: directory).path())
    return (enumerator?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(suffix) }.map { "\(directory)/\($0)" }
      .sorted()
  }

  /// The texts of all Swift files below `Sources`.
  static func sources() throws -> [String] { try files(below: "Sources", suffix: ".swift").map(text) }

  /// The targets below `Sources` with all that they depend on, as the package manager reads the manifest.
  static func declaredArrows() throws -> Arrows {
    let process = ChildProcess()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // A scratch path of its own: the tests run while the package manager holds the usual one.
    let scratch = FileManager.default.temporaryDirectory.appending(path: "gatehouse-manifest-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    process.arguments = [
      "swift", "package", "--package-path", root.path(), "--scratch-path", scratch.path(), "dump-package",
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let manifest = try JSONParser(maximumDepth: 100).parseObject(data)
    var arrows: Arrows = [:]
    for target in manifest["targets"]?.array?.compactMap(\.object) ?? [] {
      guard let name = target["name"]?.string, target["path"]?.string == nil, target["type"]?.string != "test" else {
        continue
      }
      let dependencies = target["dependencies"]?.array?.compactMap(\.object) ?? []
      arrows[name] = Set(
        dependencies.compactMap { ($0["byName"] ?? $0["product"] ?? $0["target"])?.array?.first?.string })
    }
    return arrows
  }

  static func importedArrows() throws -> Arrows {
    var arrows: Arrows = [:]
    for file in files(below: "Sources", suffix: ".swift") {
      let target = String(file.split(separator: "/")[1])
      arrows[target, default: []].formUnion(ArrowCheck.imports(inSource: try text(file)))
    }
    return arrows
  }
}
