export {
  issueCertificate,
  keyUsages,
  makeAuthority,
  makeRequest,
  nameOf,
  type Authority,
  type CertificateOptions,
} from "./certificates.ts";
