import Clocks
import Foundation
import Glibc
import TestSupport
import Testing

@testable import HTTPClient

private func client(connectTimeout: Duration = .seconds(5), certificates: String? = nil) throws -> HTTPClient {
  try HTTPClient(.init(userAgent: "test/1", certificates: certificates, connectTimeout: connectTimeout))
}

private func code(_ body: () throws -> Void) -> HTTPClientError.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? HTTPClientError)?.code
  }
}

@Suite("The HTTP client")
struct ClientTests {
  @Test("sends no request that libcurl takes only in part")
  func refusedOption() throws {
    let server = try LoopbackServer { _ in .status(200) }
    // libcurl takes no text of more than 8 MB.
    let client = try HTTPClient(.init(userAgent: String(repeating: "x", count: 8_000_001)))
    #expect(
      code { _ = try client.send(HTTPRequest("GET", server.url), deadline: Deadline(in: .seconds(60))) } == .unusable)
    #expect(server.requests.isEmpty)
  }

  @Test("sends method, headers and body, and gives status, headers and body of the answer")
  func exchange() throws {
    let server = try LoopbackServer { request in
      .status(
        201, headers: ["X-Echo": request.headers["x-mine"] ?? "none", "X-Empty": ""],
        body: "\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self))")
    }
    let client = try client()
    let answer = try client.send(
      HTTPRequest(
        "POST", "\(server.url)/a/b?c=d%20e", headers: [("X-Mine", "yes"), ("X-None", "")],
        body: .bytes(Array("body".utf8))),
      deadline: Deadline(in: .seconds(60)))
    #expect(answer.status == 201)
    #expect(answer.header("x-echo") == "yes")
    #expect(answer.header("x-empty") == "")
    #expect(String(decoding: answer.body, as: UTF8.self) == "POST /a/b?c=d%20e body")
    #expect(server.requests[0].headers["user-agent"] == "test/1")
    #expect(server.requests[0].headers["expect"] == nil)
    // The next request has none of the options of the one before.
    let next = try client.send(HTTPRequest("GET", server.url), deadline: Deadline(in: .seconds(60)))
    #expect(next.header("x-echo") == "none")
    #expect(String(decoding: next.body, as: UTF8.self) == "GET / ")
    #expect(
      try client.send(HTTPRequest("POST", server.url, body: .bytes([])), deadline: Deadline(in: .seconds(60))).status
        == 201)
    #expect(server.requests.last?.headers["content-length"] == "0")
  }

  @Test("does not follow redirects, and answers of any status are answers")
  func redirect() throws {
    let server = try LoopbackServer { _ in .status(302, headers: ["location": "/elsewhere"]) }
    #expect(try client().send(HTTPRequest("GET", server.url), deadline: Deadline(in: .seconds(60))).status == 302)
    #expect(server.requests.count == 1)
  }

  @Test("does not ask the environment's proxy")
  func proxy() throws {
    setenv("http_proxy", "http://127.0.0.1:1", 1)
    defer { unsetenv("http_proxy") }
    let server = try LoopbackServer { _ in .status(200) }
    #expect(try client().send(HTTPRequest("GET", server.url), deadline: Deadline(in: .seconds(60))).status == 200)
  }

  @Test("bounds the size of an answer and of its headers")
  func bounds() throws {
    let server = try LoopbackServer { request in
      request.path == "/headers"
        ? .status(200, headers: Dictionary(uniqueKeysWithValues: (0..<300).map { ("h\($0)", "v") }))
        : .status(200, body: String(repeating: "x", count: 5000))
    }
    var request = HTTPRequest("GET", server.url, maximumAnswer: 5000)
    #expect(try client().send(request, deadline: Deadline(in: .seconds(60))).body.count == 5000)
    request.maximumAnswer = 4999
    #expect(code { _ = try client().send(request, deadline: Deadline(in: .seconds(60))) } == .tooLarge)
    request.url += "/headers"
    #expect(code { _ = try client().send(request, deadline: Deadline(in: .seconds(60))) } == .tooLarge)
  }

  @Test("ends by the deadline, whatever the server does, and can be interrupted")
  func deadlines() throws {
    let server = try LoopbackServer { _ in .hang }
    let client = try client()
    #expect(
      code { _ = try client.send(HTTPRequest("GET", server.url), deadline: Deadline(in: .milliseconds(100))) }
        == .timedOut)
    #expect(code { _ = try client.send(HTTPRequest("GET", server.url), deadline: Deadline(in: .zero)) } == .timedOut)
    var pipes: [Int32] = [0, 0]
    #expect(pipe(&pipes) == 0)
    defer { pipes.forEach { close($0) } }
    let end = pipes[1]
    Thread.detachNewThread {
      _ = eventually { server.count(of: "/interrupted") == 1 ? true : nil }
      _ = write(end, "x", 1)
    }
    #expect(
      code {
        _ = try client.send(
          HTTPRequest("GET", "\(server.url)/interrupted"), deadline: Deadline(in: .seconds(600)),
          interruption: pipes[0])
      } == .interrupted)
  }

  @Test(
    "says in a sentence and with curl's number what went wrong",
    arguments: [
      ("close", HTTPClientError.Code.brokenOff, 52), ("half", .brokenOff, 18), ("gone", .cannotConnect, 7),
      ("scheme", .unusable, 1), ("noise", .other, 1),
    ])
  func failures(kind: String, expected: HTTPClientError.Code, curlCode: Int) throws {
    let server = try LoopbackServer { _ in
      switch kind {
      case "close": .close
      case "half": .raw("HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf")
      default: .raw("this is no HTTP\r\n")
      }
    }
    let gone = try RefusingPort()
    let urls = ["scheme": "file:///etc/passwd", "gone": "http://127.0.0.1:\(gone.port)"]
    let url = urls[kind, default: server.url]
    do {
      _ = try client().send(HTTPRequest("GET", url), deadline: Deadline(in: .seconds(60)))
      Issue.record("an answer came")
    } catch let error as HTTPClientError {
      #expect(error.code == expected, "\(error)")
      #expect(error.curlCode == curlCode, "\(error)")
      #expect(error.description.contains(url))
    }
    withExtendedLifetime(gone) {}
  }

  @Test("can't connect to a host that does not answer, long before the deadline")
  func silentHost() throws {
    let host = try FullPort()
    let url = "http://127.0.0.1:\(host.port)/"
    let hasty = try client(connectTimeout: .milliseconds(300))
    let patient = try client(connectTimeout: .seconds(60))
    #expect(
      code { _ = try hasty.send(HTTPRequest("GET", url), deadline: Deadline(in: .seconds(60))) } == .cannotConnect)
    #expect(
      code { _ = try patient.send(HTTPRequest("GET", url), deadline: Deadline(in: .milliseconds(100))) } == .timedOut)
    withExtendedLifetime(host) {}
  }

  @Test("streams a file up and an answer down")
  func streams() throws {
    struct Source: HTTPBodySource {
      let bytes: [UInt8]
      var size: Int { bytes.count }
      func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let part = bytes[min(offset, size)..<min(size, offset + buffer.count)]
        buffer.copyBytes(from: part)
        return part.count
      }
    }
    final class Sink: HTTPBodySink {
      var bytes: [UInt8] = []
      let limit: Int
      init(limit: Int) { self.limit = limit }
      func write(_ new: UnsafeRawBufferPointer) -> Bool {
        bytes += new
        return bytes.count <= limit
      }
    }
    struct Broken: HTTPBodySource {
      let size = 10
      func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? { nil }
    }
    let server = try LoopbackServer { .status(200, body: String(decoding: $0.body, as: UTF8.self)) }
    let bytes = (0..<3_000_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    let request = HTTPRequest("PUT", server.url, body: .file(Source(bytes: bytes)))
    let sink = Sink(limit: .max)
    let answer = try client().send(request, deadline: Deadline(in: .seconds(60)), sink: sink)
    #expect(answer.body == [])
    #expect(sink.bytes == bytes)
    #expect(
      code { _ = try client().send(request, deadline: Deadline(in: .seconds(60)), sink: Sink(limit: 10)) } == .unusable)
    let broken = HTTPRequest("PUT", server.url, body: .file(Broken()))
    #expect(code { _ = try client().send(broken, deadline: Deadline(in: .seconds(60))) } == .unusable)
  }

  @Test("keeps what a refusal says out of the file for the answer, and its beginning in the answer")
  func refusedStream() throws {
    final class Sink: HTTPBodySink {
      var bytes: [UInt8] = []
      func write(_ new: UnsafeRawBufferPointer) -> Bool {
        bytes += new
        return true
      }
    }
    let long = String(repeating: "x", count: 1 << 20)
    let server = try LoopbackServer { request in
      switch request.path {
      case "/refused": .status(403, body: "no")
      case "/long": .status(503, body: long)
      default: .status(206, body: "yes")
      }
    }
    let sink = Sink()
    func answer(_ path: String) throws -> HTTPResponse {
      try client().send(HTTPRequest("GET", server.url + path), deadline: Deadline(in: .seconds(60)), sink: sink)
    }
    let refused = try answer("/refused")
    #expect(refused.status == 403 && refused.body == Array("no".utf8))
    #expect(try answer("/long").body.count == 64 << 10)
    #expect(sink.bytes.isEmpty)
    #expect(try answer("/").body.isEmpty)
    #expect(sink.bytes == Array("yes".utf8))
  }

  @Test("signs for AWS with the headers that it sends")
  func signature() throws {
    let server = try LoopbackServer { _ in .status(200) }
    let signature = AWSSignature(region: "eu-central-1", service: "s3", accessKey: "AKIDEXAMPLE", secretKey: "hidden")
    #expect("\(signature)" == "[redacted]")
    _ = try client().send(
      HTTPRequest("GET", "\(server.url)/b?list-type=2", headers: [("x-amz-security-token", "t")], signature: signature),
      deadline: Deadline(in: .seconds(60)))
    let authorization = server.requests[0].headers["authorization"] ?? ""
    #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
    #expect(authorization.contains("/eu-central-1/s3/aws4_request"))
    #expect(authorization.contains("x-amz-security-token"))
    #expect(!server.requests.contains { $0.headers.values.contains { $0.contains("hidden") } })
  }

  @Test("trusts the certificates of the system, or those of a file, and no others")
  func tls() async throws {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let (key, certificate) = (directory.appending(path: "key.pem"), directory.appending(path: "certificate.pem"))
      let run = { (arguments: [String]) throws -> ChildProcess in
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = directory
        let log = directory.appending(path: "log-\(arguments[0])")
        _ = FileManager.default.createFile(atPath: log.path(), contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        return process
      }
      let maker = try run([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key.path(), "-out", certificate.path(), "-days",
        "2",
        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
      ])
      #expect(eventually { maker.isRunning ? nil : true } == true)
      let server = try run([
        "s_server", "-accept", "127.0.0.1:0", "-cert", certificate.path(), "-key", key.path(), "-www",
      ])
      defer { kill(server.processIdentifier, SIGKILL) }
      let port = eventually { () -> Int? in
        let text = (try? String(contentsOf: directory.appending(path: "log-s_server"), encoding: .utf8)) ?? ""
        return text.firstMatch(of: /ACCEPT 127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.output.1) }
      }
      let request = HTTPRequest("GET", "https://127.0.0.1:\(try #require(port))/")
      let trusting = try client(certificates: certificate.path())
      #expect(try trusting.send(request, deadline: Deadline(in: .seconds(60))).status == 200)
      #expect(code { _ = try client().send(request, deadline: Deadline(in: .seconds(60))) } == .untrusted)
      let missing = try client(certificates: "/nowhere.pem")
      #expect(code { _ = try missing.send(request, deadline: Deadline(in: .seconds(60))) } == .untrusted)
    }
  }

  @Test("frees what it takes, also when a request fails or is given up")
  func handles() throws {
    // The address sanitizer, which runs this test, reports memory that is not freed.
    let server = try LoopbackServer { $0.path == "/hang" ? .hang : .close }
    for _ in 0..<20 {
      let client = try client()
      for path in ["/hang", "/"] {
        _ = code {
          _ = try client.send(
            HTTPRequest("POST", server.url + path, headers: [("a", "b")], body: .bytes([1, 2, 3])),
            deadline: Deadline(in: .milliseconds(5)))
        }
      }
    }
  }
}
