import Testing

@testable import Sidecar

@Suite("S3Listing")
struct S3ListingTests {
  @Test("is read with its escapes and its next page")
  func listing() throws {
    let found = S3Listing(
      xml: """
        <?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>p/a&amp;lt;b.bin</Key>\
        <LastModified>x</LastModified><Size>12</Size></Contents>\
        <NextContinuationToken>a/b=</NextContinuationToken></ListBucketResult>
        """)
    let listing = try #require(found)
    #expect(listing.objects == [S3Object(key: "p/a&lt;b.bin", bytes: 12)])
    #expect(listing.objects[0].name == "a&lt;b.bin")
    #expect(listing.continuation == "a/b=")
  }

  @Test("is none for other or incomplete text, rather than one without objects")
  func brokenListings() throws {
    let list = { (inside: String) in S3Listing(xml: "<ListBucketResult xmlns=\"x\">\(inside)</ListBucketResult>") }
    #expect(try #require(list("")).objects == [])
    let last = try #require(list("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"))
    #expect(last.continuation == nil)
    for broken in ["", "<html>It works!</html>", "<ListBucketResult><Contents><Key>"] {
      #expect(S3Listing(xml: broken) == nil)
    }
    for broken in ["<IsTruncated>true</IsTruncated>", "<Contents><Size>x</Size><Key>bad</Key></Contents>"] {
      #expect(list(broken) == nil)
    }
  }

  @Test("tells keys apart by their bytes, although Unicode calls them equal")
  func keys() {
    let (one, other) = (S3Object(key: "caf\u{E9}", bytes: 1), S3Object(key: "cafe\u{301}", bytes: 1))
    #expect(one.key == other.key)
    #expect(one != other)
    #expect(Set([one, other, one]).count == 2)
  }
}
