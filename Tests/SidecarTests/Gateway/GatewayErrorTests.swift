import Glibc
import HTTPClient
import Testing

@testable import Sidecar

@Suite("GatewayError")
struct GatewayErrorTests {
  @Test(
    "says that the gateway is gone only if the network says so of the other end",
    arguments: [
      (7, ECONNREFUSED, true), (7, EHOSTUNREACH, true), (6, 0, true), (7, EMFILE, false), (7, 0, false),
      (7, ENETUNREACH, false), (7, EADDRNOTAVAIL, false), (28, 0, false), (28, ETIMEDOUT, false),
    ])
  func nobodyThere(curlCode: Int, systemError: Int32, isNobodyThere: Bool) {
    let error = HTTPClientError(.cannotConnect, curlCode: curlCode, systemError: systemError, "x")
    #expect(error.isNobodyThere == isNobodyThere)
    #expect(GatewayError(error).code == (isNobodyThere ? .gone : .unreachable))
  }
}
