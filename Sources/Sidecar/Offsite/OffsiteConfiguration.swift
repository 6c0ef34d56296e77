import JSON
import Settings

/// Where copies of verified dumps go.
struct OffsiteConfiguration: Sendable {
  /// How to come by credentials, in the order of AWS's own programs.
  enum CredentialSource: Sendable {
    /// From the environment, for a laptop.
    case fixed(AWSCredentials)
    /// An endpoint that hands out credentials that expire, as ECS has it.
    case endpoint(url: String, token: Secret?)
  }

  let bucket: String
  /// Empty, or with a `/` at its end.
  let prefix: String
  let region: String
  /// Without a `/` at the end; `nil` for AWS's own.
  let endpoint: String?
  let credentials: CredentialSource

  /// - Returns: `nil` when no bucket is set, or when something is wrong, which the reader then has.
  static func load(_ reader: inout EnvironmentReader) -> OffsiteConfiguration? {
    let bucket = reader.optionalText("OFFSITE_S3_BUCKET", absent: "off")
    var prefix = reader.text("OFFSITE_S3_PREFIX", default: "gatehouse/")
    let region = reader.optionalText("AWS_REGION") ?? reader.optionalText("AWS_DEFAULT_REGION")
    let endpoint = reader.address(
      "OFFSITE_S3_ENDPOINT", absent: "AWS's own", tail: .path, example: "https://s3.example.com")
    guard let bucket else { return nil }
    let segments = prefix.parts(betweenBytes: UInt8(ascii: "/"))
    prefix = String(decoding: prefix.utf8.drop { $0 == UInt8(ascii: "/") }, as: UTF8.self)
    if !prefix.isEmpty, !prefix.endsWithBytes("/") { prefix += "/" }
    if segments.contains(".") || segments.contains("..") {
      reader.fault(
        "OFFSITE_S3_PREFIX", "has '.' or '..' between its slashes, which addresses leave out; write another name there")
    }
    if !(3...63).contains(bucket.utf8.count) || !bucket.utf8.allSatisfy(isBucketCharacter) {
      reader.fault("OFFSITE_S3_BUCKET", "is '\(bucket.prefix(80))', which is no name of a bucket")
    }
    if region == nil { reader.fault("AWS_REGION", "is not set; OFFSITE_S3_BUCKET needs the region of its bucket") }
    if let region, !region.utf8.allSatisfy(isRegionCharacter) {
      reader.fault("AWS_REGION", "is '\(region.prefix(80))', which is no name of a region, such as eu-west-1")
    }
    let credentials = credentials(&reader)
    guard let region, let credentials else { return nil }
    return OffsiteConfiguration(
      bucket: bucket, prefix: prefix, region: region, endpoint: endpoint?.text, credentials: credentials)
  }

  private static func credentials(_ reader: inout EnvironmentReader) -> CredentialSource? {
    let access = reader.optionalText("AWS_ACCESS_KEY_ID")
    let secret = reader.secret("AWS_SECRET_ACCESS_KEY")
    let session = reader.secret("AWS_SESSION_TOKEN")
    let relative = reader.optionalText("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    let full = reader.address(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI", tail: .pathAndQuery, example: "http://169.254.170.23/v1/credentials")
    let token = reader.secret("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if let access, let secret {
      return .fixed(AWSCredentials(accessKey: access, secretKey: secret, sessionToken: session, expiresAt: nil))
    }
    // One of both is a mistake, and falling back on a role would hide it.
    if access != nil || reader.isSet("AWS_SECRET_ACCESS_KEY") {
      let (there, missing) =
        access == nil
        ? ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID") : ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
      if !reader.isSet(missing) { reader.fault(missing, "is not set, but \(there) is; set both, or none") }
      return nil
    }
    if let relative { return taskEndpoint(relative, token, &reader) }
    if let full { return .endpoint(url: full.text, token: token) }
    // It is set, and the fault is told already.
    if reader.isSet("AWS_CONTAINER_CREDENTIALS_FULL_URI") { return nil }
    reader.fault(
      "OFFSITE_S3_BUCKET",
      "is set, but there are no credentials: give the ECS task a role that may write the bucket, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
    return nil
  }

  private static func taskEndpoint(
    _ relative: String, _ token: Secret?, _ reader: inout EnvironmentReader
  ) -> CredentialSource? {
    let name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    guard relative.beginsWithBytes("/") else {
      reader.fault(name, "does not begin with '/'. It takes a path such as /v2/credentials/0123abcd; ECS sets it")
      return nil
    }
    do throws(WebAddress.Fault) {
      return .endpoint(
        url: try WebAddress("http://169.254.170.2\(relative)", tail: .pathAndQuery).text, token: token)
    } catch {
      reader.fault(name, "\(error.sentence). It takes a path such as /v2/credentials/0123abcd; ECS sets it")
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

/// What requests are signed with.
struct AWSCredentials: Sendable {
  let accessKey: String
  let secretKey: Secret
  let sessionToken: Secret?
  /// Unix seconds; `nil` for ones that don't expire.
  let expiresAt: Int?
}
