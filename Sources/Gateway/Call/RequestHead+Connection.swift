import JSON
import NIOCore

/// The fields of a request that belong to the client's connection.
extension RequestHead {
  /// The names that `Connection` lists, which don't pass; `nil` when there are none.
  var connectionNames: FieldNames? {
    guard has(.connection) else { return nil }
    let names = values(.connection).flatMap { $0.parts(betweenBytes: UInt8(ascii: ",")) }.map(\.withoutOuterSpace)
    let others = names.filter { !$0.isField("keep-alive") && !$0.isField("close") }
    return others.isEmpty ? nil : FieldNames(others)
  }

  /// Whether the client says that it reads trailers (RFC 9110, section 10.1.4).
  ///
  /// - Parameter listed: the names that `Connection` lists. `TE` has to be one of them.
  func takesTrailers(_ listed: FieldNames?) -> Bool {
    guard let listed, listed.contains("te") else { return false }
    return values(named: "te").contains { line in
      line.parts(betweenBytes: UInt8(ascii: ",")).contains { $0.withoutOuterSpace.isField("trailers") }
    }
  }

  /// The values of the fields of a name.
  ///
  /// - Parameter name: in lower case.
  func values(named name: StaticString) -> [String] {
    bytes.withUnsafeReadableBytes { bytes in
      fields.filter { RequestHeadNames.isNamed(bytes, $0.name, name) }
    }.map { text($0.value) }
  }
}
