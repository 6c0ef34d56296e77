import HTTPAPI
import HTTPTypes
import Testing

@testable import Platform

@Suite("Names of header fields")
struct HeaderNameTests {
  @Test("are tokens, so that none is replaced by another")
  func names() {
    let names: [(HTTPField.Name, String)] = [
      (.requestID, "X-Request-ID"), (.requestIDOfDoorman, "request_id"),
      (.forwardedFor, "X-Forwarded-For"), (.forwardedProtocol, "X-Forwarded-Proto"), (.forwarded, "Forwarded"),
      (.realAddress, "X-Real-IP"), (.connectingAddress, "CF-Connecting-IP"), (.csrfToken, "X-CSRF-Token"),
      (.handOn, "X-Gatehouse-Hand-On"), (.rateLimit, "X-RateLimit-Limit"),
      (.rateRemaining, "X-RateLimit-Remaining"), (.rateReset, "X-RateLimit-Reset"),
      (.frameOptions, "X-Frame-Options"), (.referrerPolicy, "Referrer-Policy"),
      (.permissionsPolicy, "Permissions-Policy"),
    ]
    for (name, text) in names { #expect(name.rawName == text) }
  }
}
