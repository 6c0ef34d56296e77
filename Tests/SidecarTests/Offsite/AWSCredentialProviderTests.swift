import Clocks
import HTTPClient
import Settings
import TestSupport
import Testing

@testable import Sidecar

@Suite("AWSCredentialProvider")
struct AWSCredentialProviderTests {
  @Test("requests credentials once, and again before they expire or when they are refused")
  func credentials() throws {
    let server = try LoopbackServer { request in
      request.headers["authorization"] == "token-of-the-task"
        ? .json(#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"1970-01-01T01:00:00Z"}"#)
        : .status(403)
    }
    let http = try HTTPClient(.init(userAgent: "test"))
    let deadline = Deadline(in: .seconds(30))
    let provider = { (now: Int, token: String) in
      AWSCredentialProvider(
        .endpoint(url: "\(server.url)/creds", token: Secret(token)), http: http,
        clock: WallClock { .init(seconds: now, microseconds: 0) })
    }
    let early = provider(0, "token-of-the-task")
    #expect(try early.credentials(deadline).secretKey.reveal() == "S")
    #expect(try early.credentials(deadline).sessionToken?.reveal() == "T")
    #expect(server.requests.count == 1)
    early.forget()
    _ = try early.credentials(deadline)
    #expect(server.requests.count == 2)
    let late = provider(3400, "token-of-the-task")
    _ = try late.credentials(deadline)
    _ = try late.credentials(deadline)
    #expect(server.requests.count == 4)
    #expect(throws: OffsiteError.self) { try provider(0, "wrong").credentials(deadline) }
  }

  @Test("uses credentials for one call if their end can't be read")
  func unreadableEnd() throws {
    let server = try LoopbackServer { _ in
      .json(#"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"t","Expiration":"in a while"}"#)
    }
    let provider = AWSCredentialProvider(
      .endpoint(url: server.url, token: nil), http: try HTTPClient(.init(userAgent: "test")))
    for _ in 0..<2 { _ = try provider.credentials(Deadline(in: .seconds(20))) }
    #expect(server.requests.count == 2)
  }
}
