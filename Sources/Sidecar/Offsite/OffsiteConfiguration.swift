import JSON
import Settings

/// The bucket for copies of verified dumps, and how to access it.
struct OffsiteConfiguration: Sendable {
  /// The source of credentials, in the order of AWS's own programs.
  enum CredentialSource: Sendable {
    /// The environment, as on a laptop.
    case fixed(AWSCredentials)
    /// An endpoint that provides credentials that expire, as on ECS.
    case endpoint(url: String, token: Secret?)
  }

  let bucket: String
  /// Empty, or with a `/` at its end.
  let prefix: String
  let region: String
  /// The address of the server, without a `/` at the end, or `nil` for AWS's own.
  let endpoint: String?
  let credentials: CredentialSource
  /// How often journals are copied.
  let interval: Duration

  /// The place of the copies as the log names it.
  var address: String { "s3://\(bucket)/\(prefix)" }
  /// The place as the verification cache notes it. Two servers can have buckets of the same name.
  var place: UTF8Key { UTF8Key([endpoint, address].compactMap(\.self).joined(separator: " ")) }

  /// - Returns: `nil` when no bucket is set, or when something is wrong, which the reader then has.
  static func load(_ reader: inout EnvironmentReader) -> OffsiteConfiguration? {
    let declared = SidecarConfiguration.settings.offsite
    let bucket = reader.value(of: declared.bucket)
    var prefix = reader.value(of: declared.prefix)
    let region = reader.value(of: declared.region)
    let endpoint = reader.value(of: declared.endpoint)
    let interval = reader.value(of: declared.interval)
    guard let bucket else { return nil }
    let segments = prefix.parts(betweenBytes: UInt8(ascii: "/"))
    prefix = String(decoding: prefix.utf8.drop { $0 == UInt8(ascii: "/") }, as: UTF8.self)
    if !prefix.isEmpty, !prefix.endsWithBytes("/") { prefix += "/" }
    if segments.contains(".") || segments.contains("..") {
      reader.fault(
        declared.prefix, "has '.' or '..' between its slashes, which addresses leave out; write another name there")
    }
    if !(3...63).contains(bucket.utf8.count) || !bucket.utf8.allSatisfy(isBucketCharacter) {
      reader.fault(declared.bucket, "is '\(bucket.prefix(80))', which is no name of a bucket")
    }
    if region == nil { reader.fault(declared.region, "is not set; OFFSITE_S3_BUCKET needs the region of its bucket") }
    if let region, !region.utf8.allSatisfy(isRegionCharacter) {
      reader.fault(declared.region, "is '\(region.prefix(80))', which is no name of a region, such as eu-west-1")
    }
    let credentials = credentials(&reader)
    guard let region, let credentials else { return nil }
    return OffsiteConfiguration(
      bucket: bucket, prefix: prefix, region: region, endpoint: endpoint?.text, credentials: credentials,
      interval: .seconds(interval))
  }

  private static func credentials(_ reader: inout EnvironmentReader) -> CredentialSource? {
    let declared = SidecarConfiguration.settings.credentials
    let access = reader.value(of: declared.accessKey)
    let secret = reader.secret(declared.secretKey)
    let session = reader.secret(declared.sessionToken)
    let relative = reader.value(of: declared.relativeURI)
    let full = reader.value(of: declared.fullURI)
    let token = reader.secret(declared.authorizationToken)
    if let access, let secret {
      return .fixed(AWSCredentials(accessKey: access, secretKey: secret, sessionToken: session, expiresAt: nil))
    }
    // One without the other is a mistake, which falling back on a role would hide.
    if access != nil || reader.isSet(declared.secretKey) {
      if access == nil {
        reader.fault(declared.accessKey, "is not set, but AWS_SECRET_ACCESS_KEY is; set both, or none")
      } else if !reader.isSet(declared.secretKey) {
        reader.fault(declared.secretKey, "is not set, but AWS_ACCESS_KEY_ID is; set both, or none")
      }
      return nil
    }
    if let relative { return taskEndpoint(relative, token, &reader) }
    if let full { return .endpoint(url: full.text, token: token) }
    // It is set, and the fault is told already.
    if reader.isSet(declared.fullURI) { return nil }
    reader.fault(
      SidecarConfiguration.settings.offsite.bucket,
      "is set, but there are no credentials: give the ECS task a role that may write the bucket, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
    return nil
  }

  private static func taskEndpoint(
    _ relative: String, _ token: Secret?, _ reader: inout EnvironmentReader
  ) -> CredentialSource? {
    let setting = SidecarConfiguration.settings.credentials.relativeURI
    guard relative.beginsWithBytes("/") else {
      reader.fault(setting, "does not begin with '/'. It takes a path such as /v2/credentials/0123abcd; ECS sets it")
      return nil
    }
    do throws(WebAddress.Fault) {
      return .endpoint(
        url: try WebAddress("http://169.254.170.2\(relative)", tail: .pathAndQuery).text, token: token)
    } catch {
      reader.fault(setting, "\(error.sentence). It takes a path such as /v2/credentials/0123abcd; ECS sets it")
      return nil
    }
  }

  private static func isRegionCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isBucketCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}

/// The credentials that sign requests.
struct AWSCredentials: Sendable {
  let accessKey: String
  let secretKey: Secret
  let sessionToken: Secret?
  /// Unix seconds, or `nil` for credentials that don't expire.
  let expiresAt: Int?
}
