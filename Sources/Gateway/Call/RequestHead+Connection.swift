import JSON
import NIOCore

/// The fields of a request that belong to the client's connection.
extension RequestHead {
  /// The names that `Connection` lists, which don't pass; `nil` when there are none.
  var connectionNames: FieldNames? {
    guard has(.connection), !hasPlainConnection else { return nil }
    let names = values(.connection).flatMap { $0.parts(betweenBytes: UInt8(ascii: ",")) }.map(\.withoutOuterSpace)
    let others = names.filter { !$0.isField("keep-alive") && !$0.isField("close") }
    return others.isEmpty ? nil : FieldNames(others)
  }

  /// Whether each `Connection` only says whether the connection goes on, as nearly every client has it.
  private var hasPlainConnection: Bool {
    bytes.withUnsafeReadableBytes { bytes in
      fields.allSatisfy { field in
        field.kind != .connection || RequestHeadNames.isNamed(bytes, field.value, "keep-alive")
          || RequestHeadNames.isNamed(bytes, field.value, "close")
      }
    }
  }

  /// Whether this is the handshake of a WebSocket (RFC 6455, section 4.1): a GET whose `Connection` names `Upgrade`,
  /// and whose `Upgrade` names that protocol, maybe among others and with a version. HTTP/1.0 has no other protocol to
  /// change to (RFC 9110, section 7.8).
  var asksForWebSocket: Bool {
    guard has(.upgrade), minorVersion == 1, method == .get, connectionNames?.contains("upgrade") == true else {
      return false
    }
    let protocols = values(.upgrade).flatMap { $0.parts(betweenBytes: UInt8(ascii: ",")) }
    return protocols.contains { item in
      let name = item.withoutOuterSpace.allParts(betweenBytes: UInt8(ascii: "/")).first
      return name?.isField("websocket") == true
    }
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
