//! Whatever bytes stand in the place of a profile, a revocation list or a program with a file at its end.

use identity::{
    ORGANISATION_FILE_BYTES, Profile, TRAILER_BYTES, append_to_program, bytes_to_read, crl_number, find_appended,
};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_profile_that_is_read_writes_back_and_reads_the_same(version in any::<u16>(), words in vec("[A-Z][A-Za-z]{0,9}|View|Control", 0..20), cut in 0..4_usize) {
        let asking = ["each_use", "once_per_session", "absent", "by_telepathy"];
        let tools = words.iter().zip(asking.iter().cycle()).map(|(word, asking)| format!("{word:?}:{asking:?}"));
        let tools = tools.collect::<Vec<_>>().join(",");
        let json = format!("{{\"version\":{version},\"tools\":{{{tools}}},\"more\":[{{}}]}}");
        let mut der = match u8::try_from(json.len()) {
            Ok(length @ 0..=0x7F) => vec![0x0C, length],
            Ok(length) => vec![0x0C, 0x81, length],
            Err(_) => [&[0x0C, 0x82][..], &u16::try_from(json.len()).unwrap_or(0).to_be_bytes()].concat(),
        };
        der.extend_from_slice(json.as_bytes());
        der.truncate(der.len() - cut);
        let read = Profile::from_extension(&der);
        prop_assert_eq!(read.is_some(), cut == 0);
        if let Some(profile) = read {
            let again = profile.to_extension().unwrap_or_default();
            prop_assert_eq!(Profile::from_extension(&again), Some(profile));
        }
    }

    #[test]
    fn any_bytes_are_a_profile_or_a_list_or_none(bytes in vec(prop_oneof![Just(0x30_u8), Just(2), 0..4_u8, any::<u8>()], 0..200)) {
        let _ = (Profile::from_extension(&bytes), crl_number(&bytes));
    }

    #[test]
    fn a_file_at_the_end_of_a_program_is_found_and_replaced(program in vec(any::<u8>(), 0..60), file in vec(any::<u8>(), 0..60), next in vec(any::<u8>(), 0..60)) {
        let once = append_to_program(&program, &file);
        prop_assert_eq!(find_appended(&once), Some(&file[..]));
        prop_assert_eq!(append_to_program(&once, &next), append_to_program(&program, &next));
    }

    #[test]
    fn a_length_at_the_end_of_a_program_leads_nowhere_else(length in any::<u64>(), small in 0..200_u64, body in vec(any::<u8>(), 0..100)) {
        for length in [length, small] {
            let mut program = append_to_program(&body, b"");
            let at = program.len() - TRAILER_BYTES;
            program[at..at + 8].copy_from_slice(&length.to_be_bytes());
            let found = find_appended(&program);
            prop_assert_eq!(found.is_some(), length <= body.len() as u64);
            prop_assert!(found.is_none_or(|file| file.len() as u64 == length && body.ends_with(file)));
            let to_read = program.last_chunk().and_then(bytes_to_read);
            prop_assert!(to_read.is_none_or(|bytes| bytes <= ORGANISATION_FILE_BYTES + TRAILER_BYTES));
        }
    }
}
