package import Foundation

/// Calls `body` with an empty directory, which is removed afterwards even if `body` throws.
package func withTemporaryDirectory<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory.appending(path: "gatehouse-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory.resolvingSymlinksInPath())
}

/// The names in a directory, sorted.
package func names(in directory: URL) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? []).sorted()
}
