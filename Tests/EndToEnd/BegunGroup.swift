import TestSupport

extension GatehouseProcess {
  /// Begins to create a group, and reads no answer.
  func beginGroup(_ token: String, _ name: String) throws -> HTTPConnection {
    let body = #"{"group_name":"\#(name)"}"#
    let connection = try HTTPConnection(port: port)
    try connection.send(
      "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    return connection
  }
}
