import TestSupport

/// Servers that do one thing wrong, or an unusual thing right, by the path of the request.
enum UpstreamScripts {
  static let good = "HTTP/1.1 200 OK\r\nx-upstream: yes\r\ncontent-length: 4\r\n\r\ngood"

  /// Answers that are no HTTP/1.1, or that two readers might read differently. All bytes of each, and the connection
  /// stays open.
  static let invalid: [String: String] = [
    "garbage": "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n",
    "other-protocol": "SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "http2": "HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
    "http9": "HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    "no-version": "200 OK\r\ncontent-length: 0\r\n\r\n",
    "lower-case": "http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "line-before": "\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "space-before": " HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "tab-in-status-line": "HTTP/1.1\t200 OK\r\ncontent-length: 0\r\n\r\n",
    "two-spaces-in-status-line": "HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n",
    "nul-in-reason": "HTTP/1.1 200 O\u{0}K\r\ncontent-length: 0\r\n\r\n",
    "folded-first-line": "HTTP/1.1 200 OK\r\n x-a: b\r\ncontent-length: 0\r\n\r\n",
    "folded-coding": "HTTP/1.1 200 OK\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "tab-in-name": "HTTP/1.1 200 OK\r\nx\ta: b\r\ncontent-length: 0\r\n\r\n",
    "letter-in-name": "HTTP/1.1 200 OK\r\nx\u{E9}: b\r\ncontent-length: 0\r\n\r\n",
    "length-hex": "HTTP/1.1 200 OK\r\ncontent-length: 0x4\r\n\r\ngood",
    "length-words": "HTTP/1.1 200 OK\r\ncontent-length: 4 4\r\n\r\ngood",
    "length-behind-return": "HTTP/1.1 200 OK\r\nx-a: b\rcontent-length: 4\r\n\r\ngood",
    "both-lengths-reversed": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "coding-tab": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\t\r\n\r\n0\r\n\r\n",
    "coding-vertical-tab": "HTTP/1.1 200 OK\r\ntransfer-encoding: \u{B}chunked\r\n\r\n0\r\n\r\n",
    "coding-empty": "HTTP/1.1 200 OK\r\ntransfer-encoding:\r\n\r\n0\r\n\r\n",
    "coding-identity": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding-x": "HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\ncontent-length: 4\r\n\r\ngood",
    "interim-with-body": "HTTP/1.1 103 Early Hints\r\ncontent-length: 4\r\n\r\nhint" + good,
    "interim-of-old": "HTTP/1.0 100 Continue\r\n\r\n" + good,
    "status-99": "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
    "status-1000": "HTTP/1.1 1000 OK\r\ncontent-length: 0\r\n\r\n",
    "status-word": "HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
    "status-700": "HTTP/1.1 700 OK\r\ncontent-length: 0\r\n\r\n",
    "bare-lf": "HTTP/1.1 200 OK\ncontent-length: 0\n\nHTTP/1.1 200 OK\r\n\r\n",
    "bare-cr": "HTTP/1.1 200 OK\r\nx-a: b\rc\r\ncontent-length: 0\r\n\r\n",
    "obs-fold": "HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
    "nul": "HTTP/1.1 200 OK\r\nx-a: b\u{0}c\r\ncontent-length: 0\r\n\r\n",
    "control": "HTTP/1.1 200 OK\r\nx-a: b\u{1}c\r\ncontent-length: 0\r\n\r\n",
    "space-before-colon": "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
    "no-colon": "HTTP/1.1 200 OK\r\nx-a\r\ncontent-length: 0\r\n\r\n",
    "no-name": "HTTP/1.1 200 OK\r\n: a\r\ncontent-length: 0\r\n\r\n",
    "both-lengths": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two-lengths": "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\ngood",
    "equal-lengths": "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\ngood",
    "length-list": "HTTP/1.1 200 OK\r\ncontent-length: 4, 4\r\n\r\ngood",
    "length-sign": "HTTP/1.1 200 OK\r\ncontent-length: +4\r\n\r\ngood",
    "length-negative": "HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\ngood",
    "length-huge": "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\ngood",
    "length-empty": "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\ngood",
    "coding": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\ngood",
    "coding-twice": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding-list": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding-of-old": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "switching": "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "many-hints": String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 200) + good,
    "many-fields": "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 1000) + "content-length: 0\r\n\r\n",
    "long-field": "HTTP/1.1 200 OK\r\nx-a: \(String(repeating: "a", count: 100_000))\r\n\r\n",
  ]

  /// Answers whose head is right and whose body is not. The connection is closed behind them.
  static let brokenBodies: [String: String] = [
    "truncated-counted": "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
    "truncated-chunk": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nabc",
    "no-last-chunk": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "no-trailer-end": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    "size-plus": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
    "size-underscore": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0_3\r\nabc\r\n0\r\n\r\n",
    "size-space": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
    "extension-return": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n",
    "extension-empty": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;\r\nabc\r\n0\r\n\r\n",
    "chunk-end-lf": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
    "trailer-length": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 3\r\n\r\nabc",
    "trailer-folded": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-t: a\r\n b\r\n\r\n",
    "trailer-lf": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-t: a\nx-u: b\r\n\r\n",
    "trailers-long": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
      + String(repeating: "x-upstream: \(String(repeating: "a", count: 1000))\r\n", count: 20) + "\r\n",
    "size-word": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n",
    "size-hex-prefix": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "size-negative": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "size-huge": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "size-lf": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "size-empty": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "chunk-longer": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "long-extension":
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;\(String(repeating: "a", count: 100_000))\r\nabc\r\n",
    "trailer-no-field": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx y\r\n\r\n",
    "many-trailers":
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\(String(repeating: "a: b\r\n", count: 9000))\r\n",
  ]

  /// Answers that are unusual and right, with the body that the client gets.
  static let unusual: [String: (bytes: String, status: Int, body: String)] = [
    "continue": ("HTTP/1.1 100 Continue\r\n\r\n" + good, 200, "good"),
    "no-reason": ("HTTP/1.1 200\r\ncontent-length: 4\r\n\r\ngood", 200, "good"),
    "many-chunks": (
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\ng\r\n1\r\no\r\n002\r\nod\r\n0\r\n\r\n", 200, "good"
    ),
    "extensions": (
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;a=b;c=\"d\"\r\ngood\r\n0;x\r\n\r\n", 200, "good"
    ),
    "trailers": (
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n4\r\ngood\r\n0\r\nx-t: 1\r\n\r\n", 200,
      "good"
    ),
    "coding-case": ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n", 200, "good"),
    "no-content-body": ("HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\njunk", 204, ""),
    "not-modified": ("HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\netag: \"a\"\r\n\r\n", 304, ""),
    "two-answers": (good + "HTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\nbad", 200, "good"),
    "many-answers": (String(repeating: good, count: 50), 200, "good"),
    "teapot": ("HTTP/1.1 418 Teapot\r\ncontent-length: 4\r\n\r\ngood", 418, "good"),
    "old-keep-alive": ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\ngood", 200, "good"),
    "named-by-connection": (
      "HTTP/1.1 200 OK\r\nconnection: x-upstream\r\nx-upstream: yes\r\ncontent-length: 4\r\n\r\ngood", 200, "good"
    ),
  ]

  /// Answers that end with the connection.
  static let untilClose: [String: String] = [
    "old-until-close": "HTTP/1.0 200 OK\r\n\r\ngood",
    "until-close": "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ngood",
    "until-close-unsaid": "HTTP/1.1 200 OK\r\n\r\ngood",
  ]

  /// One connection: requests are answered in turn, each by the script of its path.
  static func run(_ connection: ScriptedConnection) {
    while let head = connection.receiveHead() {
      let name = String(head.path.split(separator: "/").last ?? "")
      if name == "early" { guard connection.send(good) else { return } }
      guard connection.receiveBody(of: head) != nil else { return }
      if name != "early" { guard answer(name, head, on: connection) else { return } }
    }
  }

  /// - Returns: whether the connection goes on.
  private static func answer(_ name: String, _ head: ScriptedRequest, on connection: ScriptedConnection) -> Bool {
    if let bytes = invalid[name] ?? unusual[name]?.bytes { return connection.send(bytes) }
    if let bytes = brokenBodies[name] ?? untilClose[name] {
      connection.send(bytes)
      return false
    }
    switch name {
    case "close": return false
    case "reset": connection.reset()
    case "close-in-head": connection.send("HTTP/1.1 200 OK\r\ncontent-le")
    case "reset-in-head":
      connection.send("HTTP/1.1 200 OK\r\ncontent-le")
      connection.reset()
    case "half-closed":
      connection.finishSending()
      connection.waitForEnd()
    case "slow-head":
      connection.waitForEnd()
    case "slow-in-head":
      connection.send("HTTP/1.1 200 OK\r\ncontent-le")
      connection.waitForEnd()
    case "slow-body":
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")
      connection.waitForEnd()
    case "endless-head":
      connection.send("HTTP/1.1 200 OK\r\n")
      while connection.send("x-a: \(String(repeating: "a", count: 1000))\r\n") {}
    case "endless-body":
      connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
      while connection.send("3e8\r\n\(String(repeating: "a", count: 1000))\r\n") {}
    case "reset-in-body":
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")
      // A reset overtakes what was not read before.
      connection.waitForEnd(within: .seconds(3))
      connection.reset()
    case "half-closed-after":
      connection.send(good)
      connection.finishSending()
      connection.waitForEnd()
    case "head-with-body": return connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\njunk")
    case "hints":
      return connection.send("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nx-b: c\r\n\r\n" + good)
    default: return connection.send(good)
    }
    return false
  }
}
