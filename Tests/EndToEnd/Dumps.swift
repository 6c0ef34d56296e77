import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport

/// Dumps as a gateway would write them, of any time and size.
enum Dumps {
  /// Writes a dump.
  ///
  /// - Parameter seconds: the Unix time of its name and of its header.
  /// - Returns: the file's name.
  @discardableResult
  static func write(
    in directory: URL, at seconds: Int, documents: Int = 3, key: String = GatehouseProcess.encryptionKey
  ) throws -> String {
    let location = try DumpLocation(path: directory.path() + "/memory_dump.bin", workingDirectory: "/")
    let dumps = DumpDirectory(location)
    try dumps.prepare()
    let createdAt = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(seconds)))
    var dump = try dumps.beginDump(to: location, at: seconds) { file in
      try DumpWriter(
        header: DumpHeader(createdAt: createdAt), key: DumpKey(key), sink: file)
    }
    try dump.beginGroup("users")
    for number in 0..<documents {
      try Array(#"{"_id":"\#(number)"}"#.utf8).withUnsafeBytes { try dump.append($0) }
    }
    return URL(filePath: try dump.seal().publish().path).lastPathComponent
  }

  static var now: Int { Int(Date().timeIntervalSince1970) }
}

/// The dumps in a listing, by name.
func rows(_ output: String) throws -> [String: JSONObject] {
  let object = try JSONParser().parseObject(Array(output.utf8))
  let dumps = object["dumps"]?.array?.compactMap(\.object) ?? []
  return Dictionary(dumps.map { ($0["name"]?.string ?? "", $0) }) { $1 }
}
