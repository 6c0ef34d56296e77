import Clocks
import HTTPClient
import JSON
import Settings

/// Provides credentials, and gets new ones before they expire. Not for several threads at once.
final class AWSCredentialProvider {
  private let source: OffsiteConfiguration.CredentialSource
  private let http: HTTPClient
  private let clock: WallClock
  private var present: AWSCredentials?

  /// Credentials that expire within this many seconds are replaced, as a large upload must not outlive them.
  private static let reserve = 300

  init(_ source: OffsiteConfiguration.CredentialSource, http: HTTPClient, clock: WallClock = .system) {
    self.source = source
    self.http = http
    self.clock = clock
  }

  /// Credentials that last for some time.
  func credentials(_ deadline: Deadline) throws(OffsiteError) -> AWSCredentials {
    let (url, token): (String, Secret?)
    switch source {
    case .fixed(let credentials): return credentials
    case .endpoint(let endpoint, let secret): (url, token) = (endpoint, secret)
    }
    if let present, present.expiresAt.map({ $0 - Self.reserve > clock.now().seconds }) ?? true { return present }
    let fresh = try fetch(url, token, deadline)
    present = fresh
    return fresh
  }

  /// Drops credentials that S3 has refused. The next caller gets new ones.
  func forget() { present = nil }

  private func fetch(_ url: String, _ token: Secret?, _ deadline: Deadline) throws(OffsiteError) -> AWSCredentials {
    var request = HTTPRequest("GET", url, maximumAnswer: 64 << 10)
    if let token { request.headers.append(("Authorization", token.reveal())) }
    let answer: HTTPResponse
    do throws(HTTPClientError) {
      answer = try http.send(request, deadline: deadline.within(.seconds(5)))
    } catch {
      throw OffsiteError(.credentials, "the task's credentials can't be had: \(error)")
    }
    guard answer.isSuccess, let body = try? JSONParser().parseObject(answer.body),
      let access = body["AccessKeyId"]?.string, let secret = body["SecretAccessKey"]?.string
    else {
      throw OffsiteError(
        .credentials,
        "the credentials endpoint answered \(answer.status) without credentials; does the task have a role?")
    }
    return AWSCredentials(
      accessKey: access, secretKey: Secret(secret), sessionToken: body["Token"]?.string.map { Secret($0) },
      // A time that can't be read may be over, so such credentials are used once.
      expiresAt: body["Expiration"]?.string.map { CivilTime.unixSeconds(of: $0) ?? 0 })
  }
}
